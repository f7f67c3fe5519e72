//! Compares our JVMTI tables with the `jvmti.h` of every JDK that is installed: slots by number and name and
//! since when they exist, capability bits by position, events and errors by number. A header of an older JDK
//! has fewer of each, never others.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod machine;

use std::collections::BTreeMap;
use std::path::PathBuf;

use jvm::sys::{self, ErrorCode};
use jvm::{Capability, EventKind};

struct Header {
    path: PathBuf,
    text: String,
    jdk: u16,
}

fn headers() -> Vec<Header> {
    let found: Vec<Header> = machine::jdks()
        .into_iter()
        .map(|home| home.join("include/jvmti.h"))
        .filter(|path| path.is_file())
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let version = text.lines().find(|line| line.contains("JVMTI_VERSION = 0x30000000 + (")).unwrap();
            let major = version.split('(').nth(1).unwrap().split('*').next().unwrap().trim();
            let jdk = match major.parse().unwrap() {
                1 => 8,
                major => major,
            };
            Header { path, text, jdk }
        })
        .collect();
    assert!(!found.is_empty(), "no jvmti.h found; run scripts/jdks or set OXPROBE_JDKS");
    found
}

/// The words before `=` and the number after it, for all lines of the header's enums that start so.
fn constants(text: &str, prefix: &str) -> BTreeMap<String, i32> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix(prefix)?.trim_end_matches(',').split_once(" = "))
        .filter_map(|(name, number)| Some((name.to_owned(), number.parse().ok()?)))
        .collect()
}

/// Number and name of every slot: a comment `/* 4 : Get All Threads */` and the member that follows.
fn slots(text: &str) -> BTreeMap<u16, String> {
    let table = text.split("typedef struct jvmtiInterface_1_ {").nth(1).unwrap();
    let table = table.split("\n}").next().unwrap();
    let mut slots = BTreeMap::new();
    for entry in table.split("/*").skip(1) {
        let (comment, member) = entry.split_once("*/").unwrap();
        let Ok(number) = comment.split(':').next().unwrap().trim().parse() else { continue };
        let name = match member.split_once("(JNICALL *") {
            Some((_, rest)) => rest.split(')').next().unwrap(),
            None => member.trim().trim_start_matches("void *").trim_end_matches(';'),
        };
        slots.insert(number, name.to_owned());
    }
    slots
}

#[test]
fn every_slot_has_the_number_and_name_of_the_header() {
    assert_eq!(sys::SLOTS.len(), 156);
    for (index, (slot, number)) in sys::SLOTS.iter().zip(sys::NUMBERS).enumerate() {
        assert_eq!((usize::from(slot.number), number), (index + 1, index + 1), "{}", slot.name);
    }
    for header in headers() {
        let theirs = slots(&header.text);
        assert!(theirs.len() >= 155, "{}: {} slots", header.path.display(), theirs.len());
        for slot in &sys::SLOTS {
            let Some(name) = theirs.get(&slot.number) else {
                // JDK 8 ends one slot earlier.
                assert!(slot.since > header.jdk, "{} is not in {}", slot.name, header.path.display());
                continue;
            };
            if name.starts_with("reserved") && name != slot.name {
                assert!(slot.since > header.jdk, "{} is reserved in {}", slot.name, header.path.display());
            } else {
                assert_eq!(name, slot.name, "slot {} of {}", slot.number, header.path.display());
                assert!(slot.since <= header.jdk, "{} is in {}", slot.name, header.path.display());
            }
        }
    }
}

#[test]
fn every_capability_has_the_bit_of_the_header() {
    assert_eq!(size_of::<sys::CapabilityBits>(), 16);
    for header in headers() {
        let fields: Vec<&str> = header
            .text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("unsigned int can_"))
            .filter_map(|line| line.strip_suffix(" : 1;"))
            .collect();
        assert!(fields.len() >= 41, "{}: {} capabilities", header.path.display(), fields.len());
        for (bit, field) in fields.iter().enumerate() {
            let ours = Capability::ALL[bit];
            assert_eq!((usize::from(ours.bit()), ours.name()), (bit, &*format!("can_{field}")));
        }
    }
    assert_eq!(Capability::ALL.len(), 45);
}

#[test]
fn every_event_has_the_number_and_callback_slot_of_the_header() {
    assert_eq!(size_of::<sys::EventCallbacks>(), sys::CALLBACKS.len() * size_of::<usize>());
    for header in headers() {
        let theirs = constants(&header.text, "JVMTI_EVENT_");
        assert!(theirs.len() >= 30, "{}: {} events", header.path.display(), theirs.len());
        for (name, number) in theirs {
            let ours = EventKind::ALL.iter().find(|kind| kind.name() == name).expect(&name);
            assert_eq!(ours.number(), number, "{name}");
        }
        let table = header.text.split("/* Event Callback Structure */").nth(1).unwrap();
        let members = table.split("} jvmtiEventCallbacks;").next().unwrap().lines();
        let members = members.map(str::trim).filter(|line| line.starts_with("jvmtiEvent"));
        for (member, (number, ours)) in members.zip(sys::CALLBACKS) {
            let theirs = member.trim_end_matches(';').split_whitespace().next_back().unwrap();
            assert!(
                theirs == *ours || theirs == format!("reserved{number}"),
                "{theirs} in place of {ours} in {}",
                header.path.display()
            );
        }
    }
    for (index, (number, _)) in sys::CALLBACKS.iter().enumerate() {
        assert_eq!(usize::from(*number), 50 + index);
    }
}

#[test]
fn every_error_has_the_number_of_the_header() {
    for header in headers() {
        let theirs = constants(&header.text, "JVMTI_ERROR_");
        assert!(theirs.len() >= 45, "{}: {} errors", header.path.display(), theirs.len());
        for (name, number) in theirs {
            if name != "MAX" {
                assert_eq!(ErrorCode(number).name(), Some(name.as_str()), "{}", header.path.display());
            }
        }
    }
}
