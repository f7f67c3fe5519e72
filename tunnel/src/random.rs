//! Randomness from the operating system, as the texts we need.

use ring::rand::{SecureRandom, SystemRandom};
use wire::arthas::{RANDOM_LENGTH, random_text};

use crate::failure::Failure;

/// Random bytes. Fails only where the operating system has none.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Failure::new("the operating system gives no random bytes; is /dev/urandom there?"))?;
    Ok(bytes)
}

/// Twenty random characters `[A-Z0-9]`, 103 bits: the protocol's kind of id.
pub(crate) fn id() -> Result<String, Failure> {
    Ok(random_text(bytes::<RANDOM_LENGTH>()?))
}

/// Forty random characters `[A-Z0-9]`: tokens and session keys.
pub(crate) fn token() -> Result<String, Failure> {
    Ok(id()? + &id()?)
}
