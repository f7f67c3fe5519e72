//! What the C library's allocator holds for this process.

use serde::Serialize;

use crate::Host;

/// The allocator's memory, in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MallocStats {
    /// Taken from the system for arenas.
    pub system_bytes: u64,
    /// In use in them.
    pub in_use_bytes: u64,
    /// Big pieces that have mappings of their own.
    pub mapped_bytes: u64,
    /// How many of these.
    pub mapped_number: u64,
    /// By arena; the first is the main one.
    pub arenas: Vec<ArenaStats>,
    /// The file of another allocator that the process uses instead, whose memory this is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
}

/// One arena, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArenaStats {
    /// Taken from the system.
    pub system_bytes: u64,
    /// In use.
    pub in_use_bytes: u64,
}

impl Host {
    /// Gives the allocator's free memory back to the system; whether any was. `None` where the C library cannot.
    pub fn malloc_trim(&self) -> Option<bool> {
        jvm::malloc::trim()
    }

    /// What the allocator holds. `None` where the C library does not tell.
    pub fn malloc_stats(&self) -> Option<MallocStats> {
        let held = jvm::malloc::held()?;
        let arenas: Vec<ArenaStats> = held
            .arenas
            .iter()
            .map(|arena| ArenaStats {
                system_bytes: arena.system,
                in_use_bytes: arena.system.saturating_sub(arena.free),
            })
            .collect();
        let allocator = jvm::malloc::allocator().map(|file| file.display().to_string());
        Some(MallocStats {
            system_bytes: arenas.iter().map(|arena| arena.system_bytes).sum(),
            in_use_bytes: arenas.iter().map(|arena| arena.in_use_bytes).sum(),
            mapped_bytes: held.mapped,
            mapped_number: held.mappings,
            arenas,
            replaced_by: allocator.filter(|file| !is_c_library(file)),
        })
    }
}

/// `libc.so.6`, or `libc-2.17.so` as it was called before.
fn is_c_library(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.starts_with("libc.") || name.starts_with("libc-")
}

#[cfg(test)]
mod tests {
    use super::is_c_library;

    #[test]
    fn other_allocators_are_told_apart() {
        assert!(is_c_library("/lib/x86_64-linux-gnu/libc.so.6") && is_c_library("/lib64/libc-2.17.so"));
        assert!(!is_c_library("/usr/lib/libjemalloc.so.2"));
    }
}
