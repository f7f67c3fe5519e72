//! Linker flags of the agent. A JVM unloads an agent whose `Agent_OnAttach` fails, and ours still has thread-local
//! destructors registered then; `nodelete` keeps the code mapped (JDK-8252657, rust-lang/rust 91979).

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-arg-cdylib=-Wl,-z,nodelete");
}
