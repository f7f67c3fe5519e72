//! Class files: what another agent or a compiler hands us may be anything.

use weave::classfile::ClassFile;
use weave::{Helper, Method, Parts, Plan};

const KINDS: [Parts; 4] = [Parts::ENTRY_EXIT, Parts::VALUES, Parts::ALL_CALLS, Parts::LINES];

/// Weaves every method. What comes out must be readable, have the same methods, and its pool must
/// start as the old one did.
pub(crate) fn weave(bytes: &[u8]) {
    for kind in KINDS {
        weave_with(bytes, kind);
    }
    weave_with(bytes, KINDS.into_iter().fold(Parts::default(), |all, kind| all | kind));
}

/// Lists the class as `jad --bytecode` does.
pub(crate) fn listing(bytes: &[u8]) {
    let listed = weave::listing(bytes, None);
    assert!(listed.is_ok() || ClassFile::read(bytes).is_err(), "what can be read can be listed");
}

fn weave_with(bytes: &[u8], parts: Parts) {
    let Ok(class) = ClassFile::read(bytes) else { return };
    let methods = class.methods.iter().zip(0..).map(|(method, id)| Method {
        name: method.name.to_vec(),
        descriptor: method.descriptor.to_vec(),
        id: id * 50,
        parts,
        lines: Default::default(),
    });
    let plan = Plan { helper: Helper::complete("java/oxprobe/Spy_fuzz"), methods: methods.collect() };
    let Ok(woven) = weave::weave(bytes, &plan) else { return };
    let after = ClassFile::read(&woven.bytes).expect("what was woven can be read");
    assert_eq!(after.methods.len(), class.methods.len());
    let [old, new] = [(bytes, &class), (&woven.bytes[..], &after)]
        .map(|(bytes, class)| &bytes[class.pool_start() + 2..class.pool.end()]);
    assert!(new.starts_with(old), "the constant pool was not only appended to");
}
