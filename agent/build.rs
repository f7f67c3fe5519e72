//! Linker flags of the agent. A JVM unloads an agent whose `Agent_OnAttach` fails, and ours still has thread-local
//! destructors registered then; `nodelete` keeps the code mapped (JDK-8252657, rust-lang/rust 91979).

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-arg-cdylib=-Wl,-z,nodelete");
    if std::env::var_os("CARGO_FEATURE_WITHOUT_BACKTRACES").is_some() {
        // Takes the place of rustc's list, which has every symbol of C's name in it.
        println!("cargo:rerun-if-changed=exports.ld");
        let place = env!("CARGO_MANIFEST_DIR");
        println!("cargo:rustc-link-arg-cdylib=-Wl,--version-script={place}/exports.ld");
    }
}
