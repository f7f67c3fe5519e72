//! Where the `oxprobe` command finds the agent of a process: a Unix socket in a folder that only
//! the JVM's user can enter, or an abstract socket where `/tmp` cannot be written.
//!
//! `/tmp` is anybody's, so nothing found there is believed: a folder of another user, a link or a
//! folder that others may enter is refused, and what a dead JVM left is removed only when nobody
//! answers there.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::sys::socket::{getsockopt, sockopt};

/// Where the agent of a process listens unless told otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The socket's path.
    pub path: PathBuf,
    /// The abstract name (without its leading zero byte) where the path cannot be had.
    pub name: String,
}

impl Place {
    /// `/tmp/.oxprobe-<pid>/agent.sock`, else `@oxprobe-<pid>-<start time>`.
    ///
    /// `started` is field 22 of `/proc/self/stat` (proc(5)): with the pid it tells processes of
    /// different pid namespaces apart that share a network namespace, as containers of a pod do.
    pub fn of(pid: u32, started: u64) -> Self {
        Self {
            path: PathBuf::from(format!("/tmp/.oxprobe-{pid}/agent.sock")),
            name: format!("oxprobe-{pid}-{started}"),
        }
    }

    /// The place that the option `socket` names: a path, or `@` and an abstract name.
    #[must_use]
    pub fn chosen(self, option: Option<&str>) -> Self {
        match option {
            Some(text) => match text.strip_prefix('@') {
                // A path that cannot be bound leaves the name.
                Some(name) => Self { path: PathBuf::new(), name: name.to_owned() },
                None if text.starts_with('/') => Self { path: PathBuf::from(text), ..self },
                None => self,
            },
            None => self,
        }
    }

    /// The place of this process.
    ///
    /// # Errors
    /// `/proc/self/stat` cannot be read.
    pub fn of_self() -> io::Result<Self> {
        Ok(Self::of(std::process::id(), start_time(&fs::read_to_string("/proc/self/stat")?).unwrap_or(0)))
    }

    /// When this process started, in clock ticks since the machine did.
    pub fn start_ticks() -> Option<u64> {
        start_time(&fs::read_to_string("/proc/self/stat").ok()?)
    }
}

/// Field 22 of `/proc/<pid>/stat`. The second field is the program's name in parentheses and may
/// itself hold blanks and parentheses.
fn start_time(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(19)?.parse().ok()
}

/// A listening socket and what must be removed when it goes.
pub(crate) struct Rendezvous {
    /// The socket, non-blocking.
    pub(crate) listener: UnixListener,
    /// What the log calls it.
    pub(crate) shown: String,
    /// Why the path was not to be had, where the abstract name was taken instead.
    pub(crate) detour: Option<String>,
    made: Option<Made>,
}

/// The files a [`Rendezvous`] made. May be removed from any thread, twice, or never.
#[derive(Clone, Debug)]
pub struct Made {
    socket: PathBuf,
    /// Device and inode: a socket that somebody put in our socket's place is not ours to remove.
    identity: (u64, u64),
    /// Whether the folder goes with the socket: not one that was there before and bears another name.
    folder_too: bool,
}

/// Why there is no listening socket.
#[derive(Debug)]
pub(crate) enum NoRendezvous {
    /// Another copy of the agent in this very process listens there.
    AnotherCopy(UnixStream),
    /// Neither path nor name can be had; the sentence says why.
    Failed(String),
}

impl Rendezvous {
    /// Binds the path, else the name.
    pub(crate) fn bind(place: &Place) -> Result<Self, NoRendezvous> {
        let detour = match bind_path(&place.path) {
            Ok(Ok((listener, made))) => {
                let shown = place.path.display().to_string();
                return Ok(Self { listener, shown, detour: None, made: Some(made) });
            }
            Ok(Err(other)) => return Err(NoRendezvous::AnotherCopy(other)),
            Err(why) => why,
        };
        let detour = (!place.path.as_os_str().is_empty()).then_some(detour);
        let name = format!("@{}", place.name);
        let bound = bind_name(&place.name);
        match bound {
            Ok(Bound::Listener(listener)) => match listener.set_nonblocking(true) {
                Ok(()) => Ok(Self { listener, shown: name, detour, made: None }),
                Err(why) => Err(NoRendezvous::Failed(format!("the local socket {name}: {why}"))),
            },
            Ok(Bound::AnotherCopy(other)) => Err(NoRendezvous::AnotherCopy(other)),
            Err(why) => Err(NoRendezvous::Failed(format!(
                "no local socket: {} and {name} cannot be bound ({why}); oxprobe exec and console cannot reach \
                 this JVM, the tunnel can",
                detour.unwrap_or_default()
            ))),
        }
    }

    /// What was made in the file system.
    pub(crate) fn made(&self) -> Option<Made> {
        self.made.clone()
    }
}

enum Bound {
    Listener(UnixListener),
    AnotherCopy(UnixStream),
}

/// A name in use may be in use by our own process's other copy.
fn bind_name(name: &str) -> io::Result<Bound> {
    let address = SocketAddr::from_abstract_name(name)?;
    match UnixListener::bind_addr(&address) {
        Ok(listener) => Ok(Bound::Listener(listener)),
        Err(why) => match UnixStream::connect_addr(&address) {
            Ok(stream) if peer_of(&stream).is_some_and(|peer| peer.pid == std::process::id()) => {
                Ok(Bound::AnotherCopy(stream))
            }
            _ => Err(why),
        },
    }
}

impl Made {
    /// Removes socket and folder, as far as they are still ours. Makes system calls only, so that
    /// it may run while the JVM dies.
    pub fn remove(&self) {
        if self.is_there() {
            // Nothing can be done about an error: the next agent of this pid removes what is left.
            drop(fs::remove_file(&self.socket));
            if let Some(folder) = self.socket.parent().filter(|_| self.folder_too) {
                drop(fs::remove_dir(folder));
            }
        }
    }

    /// Whether it was made at this path.
    pub(crate) fn is_at(&self, path: &Path) -> bool {
        self.socket == path
    }

    /// Whether the socket is still there. Cleaners of `/tmp` take old files away.
    pub(crate) fn is_there(&self) -> bool {
        fs::symlink_metadata(&self.socket)
            .is_ok_and(|file| file.file_type().is_socket() && (file.dev(), file.ino()) == self.identity)
    }
}

type PathBound = Result<(UnixListener, Made), UnixStream>;

/// The error is the reason in words; the inner `Err` is another copy of us.
fn bind_path(path: &Path) -> Result<PathBound, String> {
    let words = |what: &str, why: io::Error| format!("{what} {}: {why}", path.display());
    let folder = path.parent().filter(|folder| folder.as_os_str().len() > 1);
    let folder = folder.ok_or_else(|| format!("{} is not in a folder of its own", path.display()))?;
    let made_folder = private_folder(folder)?;
    // What is no socket refuses a connection just as a stale socket does, and is not ours to remove.
    if fs::symlink_metadata(path).is_ok_and(|found| !found.file_type().is_socket()) {
        return Err(format!("{} is there and is not a socket", path.display()));
    }
    match UnixStream::connect(path) {
        Ok(stream) => {
            return match peer_of(&stream) {
                Some(peer) if peer.pid == std::process::id() => Ok(Err(stream)),
                // Containers that share /tmp but not their pids.
                _ => Err(format!("another process answers at {}", path.display())),
            };
        }
        Err(why) if why.kind() == io::ErrorKind::NotFound => {}
        Err(why) if why.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|why| words("cannot remove the stale", why))?;
        }
        Err(why) => return Err(words("cannot look at", why)),
    }
    let listener = UnixListener::bind(path).map_err(|why| words("cannot bind", why))?;
    let file = fs::symlink_metadata(path).map_err(|why| words("cannot look at", why))?;
    // One of this name was left by an agent that was killed.
    let is_ours = folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".oxprobe"));
    let folder_too = made_folder || is_ours;
    let made = Made { socket: path.to_owned(), identity: (file.dev(), file.ino()), folder_too };
    listener.set_nonblocking(true).map_err(|why| words("cannot use", why))?;
    Ok(Ok((listener, made)))
}

/// Makes the folder with mode 0700, or takes one that is exactly so. Whether it was made.
fn private_folder(folder: &Path) -> Result<bool, String> {
    let shown = folder.display();
    let made = match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => true,
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => false,
        Err(why) => return Err(format!("cannot make {shown}: {why}")),
    };
    // Not followed if it is a link. In a sticky /tmp nobody else can swap a folder of ours.
    let found = fs::symlink_metadata(folder).map_err(|why| format!("cannot look at {shown}: {why}"))?;
    let me = nix::unistd::geteuid().as_raw();
    if !found.is_dir() {
        Err(format!("{shown} is not a folder"))
    } else if found.uid() != me {
        Err(format!("{shown} belongs to uid {}, not to this process's {me}", found.uid()))
    } else if found.permissions().mode() & 0o077 != 0 {
        Err(format!("others may enter {shown}"))
    } else if found.permissions().mode() & 0o700 != 0o700 {
        // A umask that takes the owner's rights. The folder is ours and no link.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
            .map_err(|why| format!("cannot open {shown} for its owner: {why}"))
            .map(|()| made)
    } else {
        Ok(made)
    }
}

/// Who is at the other end of a Unix socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    /// As seen in this process's pid namespace; 0 if it is not in there.
    pub(crate) pid: u32,
    /// The effective uid at connect.
    pub(crate) uid: u32,
}

impl Peer {
    /// Whether it may give orders here: the JVM's own user, or root.
    ///
    /// A socket in a private folder is out of reach for who cannot see that folder. An abstract name
    /// is not (`is_private` is false): containers of a pod share their network namespace, and with it
    /// the name, so there a peer must be a process that we can see, too: root of another container
    /// is not root here.
    pub(crate) fn may_enter(self, is_private: bool) -> bool {
        let me = nix::unistd::geteuid().as_raw();
        let is_known = is_private || self.pid != 0;
        is_known && (self.uid == 0 || (self.uid == me && !(me == OVERFLOW_UID && uids_are_mapped())))
    }
}

/// What a uid without a mapping looks like in a user namespace (user_namespaces(7)): that of anybody.
const OVERFLOW_UID: u32 = 65534;

/// Whether this process is in a user namespace that does not show uids as they are.
fn uids_are_mapped() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.split_whitespace().collect::<Vec<_>>() != ["0", "0", "4294967295"]
}

/// `SO_PEERCRED` (unix(7)). `None` where the kernel does not say.
pub(crate) fn peer_of(socket: &impl std::os::fd::AsFd) -> Option<Peer> {
    let credentials = getsockopt(socket, sockopt::PeerCredentials).ok()?;
    Some(Peer { pid: u32::try_from(credentials.pid()).unwrap_or(0), uid: credentials.uid() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("oxprobe-rendezvous-{}-{name}", std::process::id()));
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn place(folder: &Path, name: &str) -> Place {
        Place {
            path: folder.join(".oxprobe/agent.sock"),
            name: format!("oxprobe-test-{}-{name}", std::process::id()),
        }
    }

    #[test]
    fn a_root_that_cannot_be_seen_enters_a_private_folder_only() {
        let unseen = Peer { pid: 0, uid: 0 };
        assert!(unseen.may_enter(true));
        assert!(!unseen.may_enter(false));
        assert!(Peer { pid: 7, uid: 0 }.may_enter(false));
        let stranger = Peer { pid: 7, uid: nix::unistd::geteuid().as_raw().wrapping_add(4_321) };
        assert!(!stranger.may_enter(true));
    }

    #[test]
    fn the_start_time_is_field_22_whatever_the_name_holds() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 424242 9 10";
        assert_eq!(start_time(stat), Some(424_242));
        assert_eq!(start_time("7 (x)"), None);
    }

    #[test]
    fn folder_and_socket_are_private_and_go_with_it() {
        let folder = scratch("private");
        let bound = Rendezvous::bind(&place(&folder, "private")).ok().unwrap();
        let mode = fs::metadata(folder.join(".oxprobe")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert!(bound.detour.is_none());
        assert!(UnixStream::connect(folder.join(".oxprobe/agent.sock")).is_ok());
        let made = bound.made().unwrap();
        assert!(made.is_there());
        made.remove();
        made.remove();
        assert!(!folder.join(".oxprobe").exists());
        fs::remove_dir(folder).unwrap();
    }

    #[test]
    fn what_a_dead_process_left_is_replaced() {
        let folder = scratch("stale");
        let place = place(&folder, "stale");
        let first = Rendezvous::bind(&place).ok().unwrap();
        drop(first);
        assert!(place.path.exists(), "a closed socket leaves its file");
        let second = Rendezvous::bind(&place).ok().unwrap();
        assert!(second.detour.is_none());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn links_and_open_folders_are_refused_for_the_abstract_name() {
        for bad in ["link", "open", "file"] {
            let folder = scratch(bad);
            let trap = folder.join(".oxprobe");
            match bad {
                "link" => {
                    fs::create_dir(folder.join("elsewhere")).unwrap();
                    std::os::unix::fs::symlink(folder.join("elsewhere"), &trap).unwrap();
                }
                "open" => {
                    fs::create_dir(&trap).unwrap();
                    fs::set_permissions(&trap, fs::Permissions::from_mode(0o777)).unwrap();
                }
                _ => fs::write(&trap, "").unwrap(),
            }
            let place = place(&folder, bad);
            let bound = Rendezvous::bind(&place).ok().unwrap();
            assert_eq!(bound.shown, format!("@{}", place.name));
            assert!(bound.detour.is_some(), "{bad}");
            let address = SocketAddr::from_abstract_name(&place.name).unwrap();
            assert!(UnixStream::connect_addr(&address).is_ok());
            assert!(!folder.join("elsewhere/agent.sock").exists());
            fs::remove_dir_all(folder).unwrap();
        }
    }

    #[test]
    fn a_file_of_the_application_is_neither_replaced_nor_its_folder_removed() {
        let folder = scratch("data");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        let place = Place { path: folder.join("data.db"), ..place(&folder, "data") };
        fs::write(&place.path, "the application's").unwrap();
        let bound = Rendezvous::bind(&place).ok().unwrap();
        assert!(bound.detour.is_some_and(|why| why.contains("not a socket")));
        assert_eq!(fs::read_to_string(&place.path).unwrap(), "the application's");
        fs::remove_file(&place.path).unwrap();
        Rendezvous::bind(&place).ok().unwrap().made().unwrap().remove();
        assert!(!place.path.exists() && folder.exists());
        fs::remove_dir(folder).unwrap();
    }

    #[test]
    fn a_second_copy_in_one_process_finds_the_first() {
        let folder = scratch("copy");
        let place = place(&folder, "copy");
        let first = Rendezvous::bind(&place).ok().unwrap();
        assert!(matches!(Rendezvous::bind(&place), Err(NoRendezvous::AnotherCopy(_))));
        drop(first);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_socket_that_is_not_ours_is_not_removed() {
        let folder = scratch("foreign");
        let place = place(&folder, "foreign");
        let made = Rendezvous::bind(&place).ok().unwrap().made().unwrap();
        fs::remove_file(&place.path).unwrap();
        fs::write(&place.path, "someone else's").unwrap();
        made.remove();
        assert!(place.path.exists());
        fs::remove_dir_all(folder).unwrap();
    }
}
