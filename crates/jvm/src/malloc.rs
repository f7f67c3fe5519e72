//! The C library's allocator, from which the JVM and native libraries take their memory: what it holds, and giving
//! back what it holds for nothing. Both are glibc's own, so they are looked for by name: other libraries lack them.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem;
use std::path::PathBuf;
use std::ptr;

/// One arena, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Arena {
    /// Taken from the system.
    pub system: u64,
    /// Free in it.
    pub free: u64,
}

/// What the allocator holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Held {
    /// By arena; the first is the main one.
    pub arenas: Vec<Arena>,
    /// Big pieces that have mappings of their own.
    pub mapped: u64,
    /// How many of these.
    pub mappings: u64,
}

/// Gives free memory back to the system; whether any was. `None` where the C library cannot.
pub fn trim() -> Option<bool> {
    let found = symbol(c"malloc_trim")?;
    // SAFETY: glibc's `int malloc_trim(size_t)`; no other library has the name (malloc_trim(3)).
    let trim: unsafe extern "C" fn(usize) -> c_int = unsafe { mem::transmute(found) };
    // SAFETY: takes the allocator's own locks, on any thread.
    Some(unsafe { trim(0) } != 0)
}

/// What the allocator holds. `None` where the C library does not tell.
pub fn held() -> Option<Held> {
    Some(parse(&info()?))
}

/// The file whose `malloc` the process uses, which may be another allocator's.
pub fn allocator() -> Option<PathBuf> {
    crate::os::file_of(symbol(c"malloc")?)
}

fn symbol(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: looks a name up among what is loaded.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!found.is_null()).then_some(found)
}

/// The text of `malloc_info`, written to memory: what `malloc_stats` says would go to the application's stderr.
fn info() -> Option<String> {
    let found = symbol(c"malloc_info")?;
    // SAFETY: glibc's `int malloc_info(int, FILE *)` (malloc_info(3)).
    let write: unsafe extern "C" fn(c_int, *mut libc::FILE) -> c_int = unsafe { mem::transmute(found) };
    let (mut text, mut length): (*mut c_char, usize) = (ptr::null_mut(), 0);
    // SAFETY: both places stay until the stream is closed.
    let stream = unsafe { libc::open_memstream(&mut text, &mut length) };
    if stream.is_null() {
        return None;
    }
    // SAFETY: an open stream; no options exist.
    let failed = unsafe { write(0, stream) } != 0;
    // SAFETY: closed once; from here on `text` is a C string of ours (open_memstream(3)).
    let failed = unsafe { libc::fclose(stream) } != 0 || failed;
    if text.is_null() {
        return None;
    }
    // SAFETY: a C string, as above.
    let copy = unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned();
    // SAFETY: allocated by the stream, freed once.
    unsafe { libc::free(text.cast()) };
    (!failed).then_some(copy)
}

/// `<heap nr="0"> … <total type="fast" count="1" size="32"/> <system type="current" size="135168"/> … </heap>` for each
/// arena, and the same for all together after the last.
fn parse(info: &str) -> Held {
    let mut held = Held::default();
    let mut inside = false;
    for line in info.lines() {
        let number = |key: &str| -> u64 {
            let from = line.split_once(&format!(" {key}=\"")).map_or("", |(_, rest)| rest);
            from.split('"').next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
        };
        if line.starts_with("<heap") {
            inside = true;
            held.arenas.push(Arena::default());
        } else if line.starts_with("</heap") {
            inside = false;
        } else if line.starts_with("<total type=\"mmap\"") {
            held.mapped = number("size");
            held.mappings = number("count");
        } else if let Some(arena) = held.arenas.last_mut().filter(|_| inside) {
            if line.starts_with("<total") {
                arena.free += number("size");
            } else if line.starts_with("<system type=\"current\"") {
                arena.system = number("size");
            }
        }
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glibcs_words_are_taken_apart() {
        let info = "<malloc version=\"1\">\n<heap nr=\"0\">\n<sizes>\n  <size from=\"33\" to=\"33\" total=\"66\" count=\"2\"/>\n</sizes>\n\
            <total type=\"fast\" count=\"2\" size=\"66\"/>\n<total type=\"rest\" count=\"1\" size=\"1000\"/>\n\
            <system type=\"current\" size=\"135168\"/>\n<system type=\"max\" size=\"235168\"/>\n</heap>\n\
            <total type=\"fast\" count=\"2\" size=\"66\"/>\n<total type=\"mmap\" count=\"3\" size=\"4096\"/>\n\
            <system type=\"current\" size=\"135168\"/>\n</malloc>\n";
        let arenas = vec![Arena { system: 135_168, free: 1_066 }];
        assert_eq!(parse(info), Held { arenas, mapped: 4_096, mappings: 3 });
    }

    #[test]
    fn this_process_holds_what_it_has_allocated() {
        let before = held().unwrap();
        let big = std::hint::black_box(vec![1_u8; 64 << 20]);
        let after = held().unwrap();
        assert!(after.mapped >= before.mapped + (64 << 20), "{before:?} {after:?}");
        drop(big);
        assert!(trim().is_some());
        assert!(allocator().is_some());
    }
}
