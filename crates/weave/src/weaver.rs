//! A whole class: each planned method is rewritten or refused, all else is copied.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::classfile::{Additions, ClassFile, Malformed};
use crate::linker::Linker;
use crate::method;
use crate::plan::{Method, Plan};
use crate::refused::{Refusal, Refused};
use crate::woven::{Woven, WovenMethod};

/// Weaves the methods of `plan` into `class`. An error is about the whole class, which stays as it
/// was; what is wrong with a single method is in [`Woven::refused`].
pub fn weave<'a>(class: &'a [u8], plan: &Plan) -> Result<Woven<'a>, Refused> {
    let mut woven = Woven { bytes: Cow::Borrowed(class), methods: Vec::new(), refused: Vec::new() };
    if plan.methods.is_empty() {
        return Ok(woven);
    }
    let read = ClassFile::read(class)?;
    // HotSpot names a hidden class after the class it was made from, a plus sign and an address.
    if read.name.windows(3).any(|part| part == b"+0x") {
        return Err(Refused::HiddenClass);
    }
    let mut planned: HashMap<(&[u8], &[u8]), usize> = HashMap::new();
    for (place, method) in plan.methods.iter().enumerate() {
        planned.entry((&method.name, &method.descriptor)).or_insert(place);
    }
    let mut linker = Linker::new(&read.pool, &plan.helper);
    let mut replaced = Vec::new();
    for member in &read.methods {
        let Some(place) = planned.remove(&(member.name, member.descriptor)) else { continue };
        let Some(method) = plan.methods.get(place) else { continue };
        let known = linker.additions.next();
        match method::rewrite(&read, &mut linker, member, method) {
            Ok(new) => {
                woven.methods.push(WovenMethod { planned: place, ..new.facts });
                replaced.extend(member.code().map(|old| (old.range.clone(), new.attribute)));
            }
            Err(reason) => {
                linker.forget(known);
                woven.refused.push(refusal(method, reason));
            }
        }
    }
    let mut missing: Vec<usize> = planned.into_values().collect();
    missing.sort_unstable();
    for method in missing.into_iter().filter_map(|place| plan.methods.get(place)) {
        woven.refused.push(refusal(method, Refused::NotFound));
    }
    if !replaced.is_empty() {
        woven.bytes = Cow::Owned(write(&read, &linker.additions, &replaced)?);
    }
    Ok(woven)
}

fn refusal(method: &Method, reason: Refused) -> Refusal {
    Refusal { name: method.name.clone(), descriptor: method.descriptor.clone(), reason }
}

/// The class file with other `Code` attributes in the places of these.
pub(crate) fn write(
    class: &ClassFile<'_>,
    pool: &Additions,
    replaced: &[(std::ops::Range<usize>, Vec<u8>)],
) -> Result<Vec<u8>, Malformed> {
    let part = |from: usize, to: usize| {
        class.bytes.get(from..to).ok_or(Malformed { what: "two parts of the class overlap", at: from })
    };
    let mut out = Vec::with_capacity(class.bytes.len() + class.bytes.len() / 2);
    out.extend(part(0, class.pool_start())?);
    pool.write(&class.pool, class.pool_start(), &mut out)?;
    let mut at = class.pool.end();
    for (range, new) in replaced {
        out.extend(part(at, range.start)?);
        out.extend(new);
        at = range.end;
    }
    out.extend(part(at, class.bytes.len())?);
    Ok(out)
}
