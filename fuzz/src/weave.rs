//! Class files: what another agent or a compiler hands us may be anything.

use weave::classfile::ClassFile;
use weave::{Entries, Helper, Method, Passed, Plan, Shape};

/// Weaves every method. What comes out must be readable, have the same methods, and its pool must
/// start as the old one did.
pub(crate) fn weave(bytes: &[u8]) {
    let Ok(class) = ClassFile::read(bytes) else { return };
    let methods = class.methods.iter().zip(0..).map(|(method, id)| Method {
        name: method.name.to_vec(),
        descriptor: method.descriptor.to_vec(),
        id: id * 50,
        shape: Shape::EntryExit,
        passed: Passed { arguments: id % 3 != 0, result: id % 2 == 0 },
    });
    let plan =
        Plan { helper: Helper::new("java/oxprobe/Spy_fuzz", Entries::Any), methods: methods.collect() };
    let Ok(woven) = weave::weave(bytes, &plan) else { return };
    let after = ClassFile::read(&woven.bytes).expect("what was woven can be read");
    assert_eq!(after.methods.len(), class.methods.len());
    let [old, new] = [(bytes, &class), (&woven.bytes[..], &after)]
        .map(|(bytes, class)| &bytes[class.pool_start() + 2..class.pool.end()]);
    assert!(new.starts_with(old), "the constant pool was not only appended to");
}
