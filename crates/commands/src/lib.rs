//! The commands: one file each, which holds its arguments, its work, its result and the picture of it.
//!
//! A command knows the [`Host`] it asks and the [`shell::Context`] it answers to, and never who asks
//! or how the answer travels. To add one: write `<group>/<name>.rs`, name it in the group's `mod.rs`
//! and in [`COMMANDS`], and let the tests write its page (`BLESS=1 cargo test -p commands`).
#![forbid(unsafe_code)]

mod candidates;
mod change;
mod class;
mod expression;
mod memory;
mod method;
mod objects;
mod permission;
mod prelude;
mod shell;
mod system;
mod thread;
mod tool;
mod units;

use ::shell::Entry;
use host::Host;

pub use candidates::candidates;
pub use tool::TOOLS;

/// All commands, in the order `help` lists those of one group.
pub static COMMANDS: &[Entry<Host>] = &[
    Entry::of::<shell::help::Help>(),
    Entry::of::<shell::version::Version>(),
    Entry::of::<shell::session::Session>(),
    Entry::of::<shell::auth::Auth>(),
    Entry::of::<shell::history::History>(),
    Entry::of::<shell::echo::Echo>(),
    Entry::of::<shell::cls::Cls>(),
    Entry::of::<shell::keymap::Keymap>(),
    Entry::of::<shell::jobs::Jobs>(),
    Entry::of::<shell::fg::Fg>(),
    Entry::of::<shell::bg::Bg>(),
    Entry::of::<shell::kill::Kill>(),
    Entry::of::<shell::quit::Quit>(),
    Entry::of::<shell::stop::Stop>(),
    Entry::of::<system::dashboard::Dashboard>(),
    Entry::of::<system::jvm::Jvm>(),
    Entry::of::<system::sysprop::Sysprop>(),
    Entry::of::<system::sysenv::Sysenv>(),
    Entry::of::<system::vmoption::Vmoption>(),
    Entry::of::<system::perfcounter::Perfcounter>(),
    Entry::of::<system::mbean::Mbean>(),
    Entry::of::<system::logger::Logger>(),
    Entry::of::<system::pwd::Pwd>(),
    Entry::of::<system::cat::Cat>(),
    Entry::of::<system::base64::Base64>(),
    Entry::of::<system::options::Options>(),
    Entry::of::<thread::thread::Thread>(),
    Entry::of::<memory::memory::Memory>(),
    Entry::of::<memory::heap::Heap>(),
    Entry::of::<memory::gc::Gc>(),
    Entry::of::<memory::heapdump::Heapdump>(),
    Entry::of::<class::sc::Sc>(),
    Entry::of::<class::sm::Sm>(),
    Entry::of::<class::dump::Dump>(),
    Entry::of::<class::jad::Jad>(),
    Entry::of::<class::classloader::Classloader>(),
    Entry::of::<class::classloader_metaspace::ClassloaderMetaspace>(),
    Entry::of::<class::search::Search>(),
    Entry::of::<expression::getstatic::Getstatic>(),
    Entry::of::<expression::ognl::Ognl>(),
    Entry::of::<objects::vmtool::Vmtool>(),
    Entry::of::<method::watch::Watch>(),
    Entry::of::<method::monitor::Monitor>(),
    Entry::of::<method::trace::Trace>(),
    Entry::of::<method::stack::Stack>(),
    Entry::of::<method::tt::Tt>(),
    Entry::of::<method::line::Line>(),
    Entry::of::<method::reset::Reset>(),
    Entry::of::<change::mc::Mc>(),
    Entry::of::<change::patch::Patch>(),
    Entry::of::<change::retransform::Retransform>(),
    Entry::of::<change::redefine::Redefine>(),
];
