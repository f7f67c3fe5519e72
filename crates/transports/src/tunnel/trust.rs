//! TLS as the agent needs it: whom it trusts, and no more of `ring` than a client uses.
//!
//! The library is a guest, so every kilobyte counts: AES-GCM suites only (every TLS server of the
//! last decade has them), and no code for private keys, which a client without a certificate of its
//! own never touches. The provider is named here and never installed for the process.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring::{cipher_suite, default_provider, kx_group};
use rustls::crypto::{CryptoProvider, KeyProvider};
use rustls::sign::SigningKey;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// TLS 1.2 and 1.3, trusting the given file only, or what the system trusts. Waits for the disk. An
/// error is the sentence for the user.
pub(super) fn config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let config = ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .map_err(|why| format!("TLS cannot be set up: {why}"))?
        .with_root_certificates(roots(ca_file)?)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let Some(path) = ca_file else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return match roots.is_empty() {
            true => {
                Err("this system has no list of trusted CAs; name the tunnel server's CA with ca-file".into())
            }
            false => Ok(roots),
        };
    };
    let shown = path.display();
    let certificates =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(
            |why| format!("the CA file {shown} cannot be read ({why}); it must be PEM; check ca-file"),
        )?;
    roots.add_parsable_certificates(certificates);
    match roots.is_empty() {
        true => Err(format!("the CA file {shown} holds no certificate; it must be PEM; check ca-file")),
        false => Ok(roots),
    }
}

fn provider() -> CryptoProvider {
    let CryptoProvider { signature_verification_algorithms, secure_random, .. } = default_provider();
    CryptoProvider {
        cipher_suites: vec![
            cipher_suite::TLS13_AES_256_GCM_SHA384,
            cipher_suite::TLS13_AES_128_GCM_SHA256,
            cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        ],
        kx_groups: vec![kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1],
        signature_verification_algorithms,
        secure_random,
        key_provider: &NoKeys,
    }
}

/// The agent has no certificate of its own.
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General("the agent uses no private keys".into()))
    }
}
