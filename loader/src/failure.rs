//! Every way in which reaching a JVM can fail, with the sentence and the exit code for it.
//!
//! The sentences say what happened, why, and what to do next. `tests/attach_failures.rs` makes each
//! of them happen to a real JVM and fails when a case here has no row there, so the enum and the
//! list of its names come from one macro.

use std::path::PathBuf;

use thiserror::Error;

/// Exit code: the target cannot be reached.
pub const UNREACHABLE: u8 = 3;
/// Exit code: the target, or the system, says no.
pub const REFUSED: u8 = 4;
/// Exit code: it failed for a reason on our side.
pub const FAILED: u8 = 1;
/// Exit code: the command line is wrong.
pub const USAGE: u8 = 2;

macro_rules! failures {
    ($( $(#[$meta:meta])* $code:ident $name:ident { $( $field:ident : $type:ty ),* } )+) => {
        /// Why a JVM could not be reached.
        #[derive(Debug, Error)]
        pub enum Failure {
            $( $(#[$meta])* $name { $( $field: $type ),* }, )+
        }

        impl Failure {
            /// The names of all cases.
            pub const NAMES: &'static [&'static str] = &[$( stringify!($name) ),+];

            /// The exit code of `oxprobe` for it.
            pub fn code(&self) -> u8 {
                match self {
                    $( Self::$name { .. } => $code, )+
                }
            }
        }
    };
}

failures! {
    #[error("there is no process {pid} (any more); `oxprobe ps` lists the JVMs it can see. In a container, share the pid namespace with the target.")]
    UNREACHABLE NoSuchProcess { pid: i32 }

    #[error("no running JVM has `{part}` in its main class or jar name; `oxprobe ps` lists them.")]
    UNREACHABLE NameMatchesNone { part: String }

    #[error("`{part}` is in the names of several JVMs; give the pid of one:\n{list}")]
    USAGE NameMatchesSeveral { part: String, list: String }

    #[error("process {pid} ({comm}) is not a HotSpot JVM: {why}. `oxprobe ps` lists the JVMs it can see.")]
    UNREACHABLE NotAJvm { pid: i32, comm: String, why: &'static str }

    #[error("JVM {pid} is still starting: it does not take the attach signal yet. Try again in a moment, or wait longer with --wait SECONDS.")]
    UNREACHABLE Starting { pid: i32 }

    #[error("process {pid} is stopped (state T) and cannot answer; continue it with `kill -CONT {pid}` (or let its debugger go on), then try again.")]
    UNREACHABLE Stopped { pid: i32 }

    #[error("JVM {pid} belongs to uid {uid}, and uid {own} {why}. Run this as that user (`sudo -u '#{uid}' oxprobe ...`); in a pod, give the container `securityContext.runAsUser: {uid}`.")]
    REFUSED OtherUser { pid: i32, uid: u32, own: u32, why: &'static str }

    #[error("process {pid} has its own file system (a container or chroot), and attaching across is not yet supported. Run oxprobe inside that container, or start the JVM with -agentpath.")]
    UNREACHABLE OtherFileSystem { pid: i32 }

    #[error("JVM {pid} was started with -XX:+DisableAttachMechanism and takes no agent while it runs. Restart it without the option, or with -agentpath.")]
    REFUSED AttachDisabled { pid: i32 }

    #[error("cannot create {} ({why}), and HotSpot attaches only through that folder. Make /tmp writable for uid {uid} (in a pod, mount an emptyDir there), or start the JVM with -agentpath.", .path.display())]
    UNREACHABLE NoTmp { path: PathBuf, uid: u32, why: String }

    #[error("{} is a leftover that the JVM does not listen on, and it cannot be removed ({why}). Remove it as its owner or as root, then try again.", .path.display())]
    UNREACHABLE StaleSocket { path: PathBuf, why: String }

    #[error("JVM {pid} did not answer the attach request within {seconds} s: it hangs, starves for CPU, or waits in a long pause. Look at its load, or wait longer with --wait SECONDS.")]
    UNREACHABLE NoAnswer { pid: i32, seconds: u64 }

    #[error("JVM {pid} was started with -XX:-EnableDynamicAgentLoading and refuses agents while it runs. Restart it with -XX:+EnableDynamicAgentLoading, or with -agentpath.")]
    REFUSED DynamicLoadingDisabled { pid: i32 }

    #[error("JVM {pid} could not load {}: {text}. `oxprobe doctor {pid}` checks the usual reasons.", .library.display())]
    REFUSED LoadRefused { pid: i32, library: PathBuf, text: String }

    #[error("cannot find liboxprobe.so ({tried}). Say where it is with --agent FILE or OXPROBE_AGENT.")]
    FAILED LibraryMissing { tried: String }

    #[error("uid {uid}, which runs the JVM, cannot read {}: {why}. Make the file and the folders above it readable for that user, or copy it to where they are.", .library.display())]
    FAILED LibraryUnreadable { library: PathBuf, uid: u32, why: String }

    #[error("{} lies on a file system mounted noexec, from where no code can be loaded. Copy it elsewhere and say where with --agent FILE.", .library.display())]
    FAILED LibraryNoexec { library: PathBuf }

    #[error("{} is {library_is}, but JVM {pid} is {jvm_is}. Use the liboxprobe.so built for that architecture.", .library.display())]
    FAILED WrongArchitecture { pid: i32, library: PathBuf, library_is: String, jvm_is: String }

    #[error("{} is built for glibc, but JVM {pid} runs on musl (Alpine), where it cannot be loaded. musl is not yet supported; use an image based on glibc.", .library.display())]
    FAILED WrongLibc { pid: i32, library: PathBuf }

    #[error("JVM {pid} took the agent, but the agent does not answer: {why}. Try again; if it stays so, see `oxprobe doctor {pid}`.")]
    FAILED AgentSilent { pid: i32, why: String }

    #[error("{path} is served by process {peer} of uid {uid}, not by JVM {pid}, so nothing was sent to it. End that process and remove the file, then try again.")]
    REFUSED ForeignSocket { pid: i32, path: String, peer: i32, uid: u32 }

    #[error("the agent in JVM {pid} (version {product}) speaks protocol {theirs}, this oxprobe ({own_product}) speaks {ours}. Use the oxprobe of the agent's version.")]
    REFUSED OtherProtocol { pid: i32, product: String, own_product: &'static str, theirs: wire::Version, ours: wire::Version }

    #[error("the agent in JVM {pid} refused: {message}")]
    REFUSED AgentRefused { pid: i32, message: String }
}
