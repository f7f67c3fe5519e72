//! One method: its `Code` attribute in, a new one out, or why not.

use crate::body::Body;
use crate::classfile::{ClassFile, Handler, Member, VerificationType};
use crate::constructor::Start;
use crate::descriptor::Erased;
use crate::flow::{self, Facts};
use crate::jumps::Jumps;
use crate::layout::Layout;
use crate::lines::{Lines, Variables};
use crate::linker::Linker;
use crate::plan::{Method, Parts};
use crate::refused::Refused;
use crate::snippets::{Snippets, Told};
use crate::tables::{self, Ours};
use crate::values::Values;
use crate::woven::WovenMethod;
use crate::{calls, classfile::opcode};

/// HotSpot's `HugeMethodLimit`: longer methods are not compiled.
const HUGE: usize = 8_000;

/// A new `Code` attribute.
#[derive(Debug)]
pub(crate) struct Rewritten {
    /// Its name, length and content.
    pub(crate) attribute: Vec<u8>,
    /// What the caller must know of it; its place in the plan is not known here.
    pub(crate) facts: WovenMethod,
}

/// Weaves one method. On an error, what was added to the pool is to be forgotten.
pub(crate) fn rewrite(
    class: &ClassFile<'_>,
    linker: &mut Linker<'_>,
    member: &Member<'_>,
    method: &Method,
) -> Result<Rewritten, Refused> {
    let attribute = member.code().ok_or(Refused::NoCode)?;
    let body = Body::read(class, member, attribute.content)?;
    let token = body.code.max_locals;
    let mut free = token.checked_add(2).ok_or(Refused::LocalsFull)?;
    let values = if method.parts.contains(Parts::VALUES) {
        let entered = method.parts.contains(Parts::ENTERED);
        Some(Values::of(&body, entered, &mut free)?)
    } else {
        None
    };
    let wants_calls = method.parts.contains(Parts::CALLS);
    let wants_lines = method.parts.contains(Parts::LINES);
    let lines = if wants_calls || wants_lines { Lines::read(&body)? } else { Lines::default() };
    let mut told_lines = if wants_lines { lines.starting(&method.lines) } else { Vec::new() };
    let variables = match () {
        () if !told_lines.is_empty() => Variables::read(&body)?,
        // Names are nice to have; a table that makes no sense is no reason to refuse the method.
        () if values.is_some() => Variables::read(&body).unwrap_or_default(),
        () => Variables::default(),
    };
    let names = if values.is_some() { variables.of_parameters(&body) } else { Vec::new() };

    let facts = facts(&body, values.as_ref(), &told_lines)?;
    let start = Start::of(&body, &facts, values.as_ref().is_some_and(Values::have_shadows))?;
    let before_this = |at: usize| facts.before_this.get(at).copied().unwrap_or(false);
    told_lines.retain(|(at, _)| !before_this(*at));
    let sites = if wants_calls {
        calls::sites(&body, linker, method.parts, &lines, before_this)?
    } else {
        Vec::new()
    };
    let told = Told { values: values.as_ref(), sites: &sites, caught: wants_calls, lines: &told_lines };
    let snippets = Snippets::new(&body, linker, method.id, token, &facts, &start, &told, &variables)?;

    let inserts = &snippets.inserts;
    fits(&body, Layout::new(&body, inserts, &Jumps::default())?.end() + snippets.handler.len())?;
    let (layout, jumps) = Jumps::settle(&body, inserts, &start)?;
    let length = layout.end() + snippets.handler.len();
    if length > usize::from(u16::MAX) {
        return Err(Refused::TooLarge);
    }
    let mut bytes = layout.write(inserts, &jumps, &snippets.emit)?;
    bytes.extend(snippets.emit.code(&snippets.handler));
    debug_assert_eq!(bytes.len(), length, "the layout and the code disagree");

    // What is on the stack already stays there below a snippet in the middle of the code.
    let stack = (usize::from(body.code.max_stack) + snippets.on_top).max(snippets.alone);
    let max_stack = u16::try_from(stack).map_err(|_| Refused::TooLarge)?;

    let ours = if body.framed { Some(ours(&body, linker, values.as_ref())?) } else { None };
    let head = (attribute.name_index, max_stack, free);
    let whole = written(&body, linker, head, &bytes, &layout, &start, &jumps, ours)?;
    let facts = WovenMethod {
        planned: 0,
        id: method.id,
        before: body.code.bytes.len(),
        after: length,
        shape: values.as_ref().map(|values| values.shape),
        dropped_arguments: values.as_ref().is_some_and(|values| values.dropped),
        entered: values.as_ref().is_some_and(|values| values.entered),
        names,
        stored: values.map(|values| values.stored).unwrap_or_default(),
        sites: sites.into_iter().map(|(_, site)| site).collect(),
        lines: snippets.lines,
    };
    Ok(Rewritten { attribute: whole, facts })
}

/// Refuses a length that the JVM would not take, or would no longer compile.
pub(crate) fn fits(body: &Body<'_>, length: usize) -> Result<(), Refused> {
    if length > HUGE && body.code.bytes.len() <= HUGE {
        return Err(Refused::TooLong(length));
    }
    if length > usize::from(u16::MAX) { Err(Refused::TooLarge) } else { Ok(()) }
}

/// The attribute of this code. `head` is the index of its name, the depth of the stack and the number of locals; without
/// `ours` it gets no frames.
#[expect(clippy::too_many_arguments, reason = "each is a part of what is written")]
pub(crate) fn written(
    body: &Body<'_>,
    linker: &mut Linker<'_>,
    (name_index, max_stack, max_locals): (u16, u16, u16),
    bytes: &[u8],
    layout: &Layout<'_, '_>,
    start: &Start,
    jumps: &Jumps,
    ours: Option<Ours>,
) -> Result<Vec<u8>, Refused> {
    let length = |of: &[u8]| u32::try_from(of.len()).map_err(|_| Refused::TooLarge);
    let mut content = Vec::with_capacity(2 * bytes.len() + 64);
    content.extend(max_stack.to_be_bytes());
    content.extend(max_locals.to_be_bytes());
    content.extend(length(bytes)?.to_be_bytes());
    content.extend(bytes);
    handlers(body, layout, start, &mut content)?;
    attributes(body, linker, layout, start, jumps, ours, &mut content)?;
    let mut whole = name_index.to_be_bytes().to_vec();
    whole.extend(length(&content)?.to_be_bytes());
    whole.append(&mut content);
    Ok(whole)
}

/// Follows the code where something hangs on what its slots hold.
fn facts(body: &Body<'_>, values: Option<&Values<'_>>, lines: &[(usize, u16)]) -> Result<Facts, Refused> {
    let mut wanted: Vec<usize> = lines.iter().map(|(at, _)| *at).collect();
    if values.is_some_and(Values::need_flow) {
        let returns = |op: u8| (opcode::IRETURN..=opcode::RETURN).contains(&op);
        let places = body.instructions.iter().enumerate();
        wanted.extend(places.filter(|(_, instruction)| returns(instruction.opcode)).map(|(at, _)| at));
    }
    if wanted.is_empty() && !body.is_constructor() {
        return Ok(Facts::default());
    }
    wanted.sort_unstable();
    wanted.dedup();
    flow::follow(body, &wanted)
}

/// Writes the exception table: the method's own first, then ours, which catches what is left.
fn handlers(
    body: &Body<'_>,
    layout: &Layout<'_, '_>,
    start: &Start,
    out: &mut Vec<u8>,
) -> Result<(), Refused> {
    let own = &body.code.handlers;
    let count = u16::try_from(own.len() + start.runs.len()).map_err(|_| Refused::TooLarge)?;
    out.extend(count.to_be_bytes());
    let fit = |pc: usize| u16::try_from(pc).map_err(|_| Refused::TooLarge);
    let mut put = |handler: Handler| {
        for part in [handler.start, handler.end, handler.target, handler.catch] {
            out.extend(part.to_be_bytes());
        }
    };
    for old in own {
        let end = usize::from(old.end);
        if end < body.code.bytes.len() {
            body.at(end)?;
        }
        put(Handler {
            start: fit(layout.target(usize::from(old.start))?)?,
            end: fit(layout.past(end)?)?,
            target: fit(layout.target(usize::from(old.target))?)?,
            catch: old.catch,
        });
    }
    let pc = |number: usize| body.instructions.get(number).map(|instruction| instruction.pc);
    for (first, behind) in &start.runs {
        let end = match pc(*behind) {
            Some(pc) => layout.past(pc)?,
            None => layout.end(),
        };
        put(Handler {
            start: fit(layout.target(pc(*first).unwrap_or_default())?)?,
            end: fit(end)?,
            target: fit(layout.end())?,
            catch: 0,
        });
    }
    Ok(())
}

/// Writes the attributes of the code, frames too where there are any.
fn attributes(
    body: &Body<'_>,
    linker: &mut Linker<'_>,
    layout: &Layout<'_, '_>,
    start: &Start,
    jumps: &Jumps,
    ours: Option<Ours>,
    out: &mut Vec<u8>,
) -> Result<(), Refused> {
    let mut written: Vec<(u16, Vec<u8>)> = Vec::new();
    for attribute in &body.code.attributes {
        if attribute.name != b"StackMapTable" {
            written.push((attribute.name_index, tables::moved(attribute, layout)?));
        }
    }
    if let Some(ours) = ours {
        let entry = match body.frames {
            Some(_) => body.entry_types(|name| linker.class(name)).map_err(|error| {
                if error.what == Body::POOL_FULL { Refused::PoolFull } else { error.into() }
            })?,
            None => Vec::new(),
        };
        let content = tables::frames(body, entry, layout, start, jumps, &ours)?;
        let name = match body.code.attribute(b"StackMapTable") {
            Some(table) => table.name_index,
            None => linker.additions.utf8(b"StackMapTable").ok_or(Refused::PoolFull)?,
        };
        written.push((name, content));
    }
    out.extend(u16::try_from(written.len()).map_err(|_| Refused::TooLarge)?.to_be_bytes());
    for (name, content) in written {
        out.extend(name.to_be_bytes());
        out.extend(u32::try_from(content.len()).map_err(|_| Refused::TooLarge)?.to_be_bytes());
        out.extend(content);
    }
    Ok(())
}

/// The token, the shadows, and what the handler reads from the old slots. Objects are `Object` to us:
/// every object is one, whatever classes the frames name.
fn ours(body: &Body<'_>, linker: &mut Linker<'_>, values: Option<&Values<'_>>) -> Result<Ours, Refused> {
    let throwable = linker.class(b"java/lang/Throwable").ok_or(Refused::PoolFull)?;
    let mut ours = Ours {
        locals: usize::from(body.code.max_locals),
        ours: vec![VerificationType::Long],
        at_handler: Vec::new(),
        throwable: Some(throwable),
    };
    let Some(values) = values else { return Ok(ours) };
    let mut kind = |value: Erased<'_>| -> Result<VerificationType, Refused> {
        Ok(match value {
            Erased::Int => VerificationType::Integer,
            Erased::Long => VerificationType::Long,
            Erased::Float => VerificationType::Float,
            Erased::Double => VerificationType::Double,
            Erased::Object(_) => {
                VerificationType::Object(linker.class(b"java/lang/Object").ok_or(Refused::PoolFull)?)
            }
        })
    };
    for parameter in &body.parameters {
        let read = values
            .passed
            .iter()
            .any(|passed| passed.parameter.slot == parameter.slot && passed.shadow.is_none());
        if read {
            ours.at_handler.push(kind(parameter.value)?);
        } else {
            ours.at_handler.extend(std::iter::repeat_n(VerificationType::Top, parameter.value.slots()));
        }
    }
    while ours.at_handler.last() == Some(&VerificationType::Top) {
        ours.at_handler.pop();
    }
    for passed in values.passed.iter().filter(|passed| passed.shadow.is_some()) {
        ours.ours.push(kind(passed.parameter.value)?);
    }
    Ok(ours)
}
