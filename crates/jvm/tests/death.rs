//! What is left of the crate when the JVM dies: errors, never calls. One test, since it ends the machine.
#![expect(unsafe_code, reason = "ending a JVM takes its C interface")]
#![expect(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    reason = "a test of its own process"
)]

mod machine;

use std::sync::atomic::{AtomicBool, Ordering};

use jvm::{Callbacks, Error, Vm};

struct Witness {
    died: AtomicBool,
}

impl Callbacks for Witness {
    fn vm_death(&self) {
        assert!(Vm::is_gone());
        self.died.store(true, Ordering::SeqCst);
    }
}

static WITNESS: Witness = Witness { died: AtomicBool::new(false) };

#[test]
fn after_the_death_of_the_jvm_every_call_is_refused() {
    let machine = machine::create();
    assert!(machine.environment.jvmti.listen(&WITNESS));
    let global = machine.run(|env| {
        let text = env.new_string("kept")?;
        env.global(&text)
    });
    let left = machine.vm.attach("left attached").unwrap();
    unsafe { ((**machine.raw).v1_4.DestroyJavaVM)(machine.raw) };
    assert!(WITNESS.died.load(Ordering::SeqCst));
    drop(left);
    drop(global);
    assert!(matches!(machine.vm.with_env(|_| Ok::<(), Error>(())), Err(Error::VmGone)));
    assert!(matches!(machine.vm.attach("late"), Err(Error::VmGone)));
    assert!(matches!(machine.environment.jvmti.phase(), Err(Error::VmGone)));
    assert!(matches!(machine.environment.rest(), Err(Error::VmGone)));
}
