//! Where the agent wants to be registered, and as whom.

use std::path::PathBuf;

use wire::arthas::{Identity, Query, Registration, Request};

use super::address::Address;
use crate::core::Core;
use crate::{Facts, Secret};

/// The Arthas version whose protocol this is; its servers show it.
const COMPATIBLE: &str = "4.3.4";

/// See the module. Two that are equal need no new connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) address: Address,
    pub(super) application: String,
    pub(super) id: String,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) token: Option<Secret>,
    pub(super) token_file: Option<PathBuf>,
}

impl Target {
    /// What the options and the process's facts say.
    pub(super) fn new(address: Address, core: &Core) -> Self {
        Self {
            address,
            application: core.facts.application(&core.options),
            id: core.facts.agent_id(&core.options),
            ca_file: core.options.ca_file.clone(),
            token: core.options.token.clone(),
            token_file: core.options.token_file.clone(),
        }
    }

    /// What the control connection asks for.
    pub(super) fn registration(&self, id: &str, secret: Option<&Secret>, facts: &Facts) -> Query {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Request::Register(Registration {
            arthas_version: Some(COMPATIBLE.to_owned()),
            application: some(&self.application),
            id: some(id),
            token: secret.map(|secret| secret.reveal().to_owned()),
            identity: Some(Identity {
                version: some(&facts.product),
                host: some(&facts.host),
                pid: Some(facts.pid),
                jvm: some(&facts.jvm),
                started: Some(facts.started),
                ..Identity::default()
            }),
        })
        .query()
    }
}
