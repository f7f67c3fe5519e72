//! What the sessions of one way in may do. Taken back, it is gone for sessions that are open, too.

use parking_lot::RwLock;

use crate::Permissions;

/// See the module.
#[derive(Debug)]
pub struct Grant {
    permissions: RwLock<Permissions>,
}

impl Grant {
    /// A grant of these.
    pub fn of(permissions: Permissions) -> Self {
        Self { permissions: RwLock::new(permissions) }
    }

    /// What is granted now.
    pub fn get(&self) -> Permissions {
        *self.permissions.read()
    }

    /// From now on it is these.
    pub fn set(&self, permissions: Permissions) {
        *self.permissions.write() = permissions;
    }
}
