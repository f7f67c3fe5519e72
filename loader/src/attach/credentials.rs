//! Being the JVM's user for a while.
//!
//! HotSpot obeys only its own effective user and, on newer JDKs, root: the trigger file must be owned
//! by it, and the peer of its socket must have its uid and gid. Root therefore takes on the target's
//! ids, which also makes every check of access to a file the one the JVM would meet.

use nix::unistd::{Gid, Uid, getegid, geteuid, getgroups, setegid, seteuid, setgroups};

use crate::failure::Failure;
use crate::process::Process;

/// While it lives, we are the target's user. Dropping it makes us ourselves again.
#[derive(Debug)]
#[must_use]
pub struct Switch {
    before: Option<(Uid, Gid, Vec<Gid>)>,
}

impl Switch {
    /// Takes on the ids of the process. Who is that user already changes nothing; who is neither it
    /// nor root may not attach.
    pub fn to(process: &Process) -> Result<Self, Failure> {
        let own = geteuid();
        let refuse = |why| Failure::OtherUser { pid: process.pid, uid: process.uid, own: own.as_raw(), why };
        let (uid, gid) = (Uid::from_raw(process.uid), Gid::from_raw(process.gid));
        if own == uid && (getegid() == gid || !own.is_root()) {
            return Ok(Self { before: None });
        }
        if !own.is_root() {
            return Err(refuse("may not attach to it"));
        }
        let switch = Self { before: Some((own, getegid(), getgroups().unwrap_or_default())) };
        let groups: Vec<Gid> = process.groups.iter().copied().map(Gid::from_raw).collect();
        // In this order: without root there is no changing the groups. On failure `switch` undoes it.
        setgroups(&groups)
            .and_then(|()| setegid(gid))
            .and_then(|()| seteuid(uid))
            .map_err(|_| refuse("lacks the capabilities SETUID and SETGID to become that user"))?;
        Ok(switch)
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        if let Some((uid, gid, groups)) = self.before.take() {
            // What fails here leaves us with fewer rights, not with more.
            let _ = seteuid(uid).and_then(|()| setegid(gid)).and_then(|()| setgroups(&groups));
        }
    }
}
