//! Everything that is put into one method, and where.

use std::ops::Range;

use crate::body::Body;
use crate::classfile::opcode;
use crate::constructor::Start;
use crate::descriptor::Erased;
use crate::emit::Emit;
use crate::endless::{Endless, Place};
use crate::flow::Facts;
use crate::laps::{Behind, Laps};
use crate::layout::Inserts;
use crate::lines::{Known, Variables};
use crate::linker::{Call, Linker};
use crate::refused::Refused;
use crate::shape::Shape;
use crate::values::{Moment, Values};
use crate::woven::{Site, ToldLine};

/// What is told of a method besides entry and exit; places are the numbers of instructions.
#[derive(Debug)]
pub(crate) struct Told<'t, 'a> {
    pub(crate) values: Option<&'t Values<'a>>,
    pub(crate) sites: &'t [(usize, Site)],
    /// Whether the method's own handlers are told.
    pub(crate) caught: bool,
    pub(crate) lines: &'t [(usize, u16)],
}

/// The code that is put in.
#[derive(Debug)]
pub(crate) struct Snippets {
    pub(crate) emit: Emit,
    pub(crate) inserts: Inserts,
    /// The body of the one handler: calls `thrown` and throws on.
    pub(crate) handler: Range<usize>,
    /// The slots of operand stack that are needed on top of what is there.
    pub(crate) on_top: usize,
    /// Those that are needed where nothing is there.
    pub(crate) alone: usize,
    /// The places that are told, in the order of their numbers.
    pub(crate) lines: Vec<ToldLine>,
}

/// What `ireturn` to `areturn` and `return` give back.
const RESULTS: [Option<Erased<'static>>; 6] = [
    Some(Erased::Int),
    Some(Erased::Long),
    Some(Erased::Float),
    Some(Erased::Double),
    Some(Erased::Object(b"")),
    None,
];

impl Snippets {
    /// `token` is the first of the token's two slots.
    #[expect(clippy::too_many_arguments, reason = "it is where everything comes together")]
    pub(crate) fn new<'a>(
        body: &Body<'a>,
        linker: &mut Linker<'_>,
        id: i32,
        token: u16,
        facts: &Facts,
        start: &Start,
        told: &Told<'_, 'a>,
        variables: &Variables<'a>,
    ) -> Result<Self, Refused> {
        let mut writer = Writer {
            emit: Emit::default(),
            linker,
            id,
            token,
            facts,
            values: told.values,
            lines: Vec::new(),
        };
        let mut inserts = Inserts::default();
        if body.is_constructor() {
            if start.early {
                inserts.prologue = writer.clear()?;
            }
        } else {
            inserts.prologue = writer.entry(true)?;
        }
        let handler = writer.thrown()?;
        let alone = writer.emit.take_deepest();
        if !start.initialisers.is_empty() {
            let entry = writer.entry(false)?;
            inserts.after.extend(start.initialisers.iter().map(|at| (*at, entry.clone())));
        }
        writer.middle(body, told, start, variables, &mut inserts)?;
        inserts.after.sort_by_key(|(at, _)| *at);
        let on_top = writer.emit.take_deepest();
        Ok(Snippets { emit: writer.emit, inserts, handler, on_top, alone, lines: writer.lines })
    }
}

struct Writer<'w, 'l, 'a> {
    emit: Emit,
    linker: &'w mut Linker<'l>,
    id: i32,
    token: u16,
    facts: &'w Facts,
    values: Option<&'w Values<'a>>,
    lines: Vec<ToldLine>,
}

impl<'a> Writer<'_, '_, 'a> {
    fn token(&mut self) {
        self.emit.load(Erased::Long, self.token);
    }

    fn id(&mut self) -> Result<(), Refused> {
        self.emit.int(self.linker, self.id)
    }

    /// Sets our locals before there is a call: the token says that there is none.
    fn clear(&mut self) -> Result<Range<usize>, Refused> {
        let from = self.emit.start(0);
        if let Some(values) = self.values {
            values.copy(&mut self.emit);
        }
        self.emit.plain(opcode::LCONST_0, 2);
        self.emit.store(Erased::Long, self.token);
        Ok(self.emit.finish(from))
    }

    /// Calls `enter` and stores the token.
    fn entry(&mut self, shadows: bool) -> Result<Range<usize>, Refused> {
        let from = self.emit.start(0);
        let mut taken = 1;
        if let (Some(values), true) = (self.values, shadows) {
            values.copy(&mut self.emit);
        }
        self.id()?;
        if let Some(values) = self.values {
            taken += values.push(&mut self.emit, self.linker, Moment::Entry)?;
        }
        self.emit.call(self.linker, Call::Enter(self.values.map(|values| values.shape)), taken, 2)?;
        self.emit.store(Erased::Long, self.token);
        Ok(self.emit.finish(from))
    }

    /// Tells what is thrown and throws on.
    fn thrown(&mut self) -> Result<Range<usize>, Refused> {
        let from = self.emit.start(1);
        let mut taken = 4;
        self.emit.plain(opcode::DUP, 1);
        self.id()?;
        self.token();
        if let Some(values) = self.values {
            taken += values.push(&mut self.emit, self.linker, Moment::Thrown)?;
        }
        self.emit.call(self.linker, Call::Thrown(self.values.map(|values| values.shape)), taken, 0)?;
        self.emit.plain(opcode::ATHROW, 0);
        Ok(self.emit.finish(from))
    }

    /// Tells the exit by the return instruction of this number.
    fn exit(&mut self, at: usize, result: Option<Erased<'_>>) -> Result<Range<usize>, Refused> {
        let from = self.emit.start(0);
        let mut taken = 3;
        if let Some(values) = self.values {
            // The result as a long, then as an object; what is returned stays below.
            match result {
                None => {
                    self.emit.plain(opcode::LCONST_0, 2);
                    self.emit.plain(opcode::ACONST_NULL, 1);
                }
                Some(Erased::Object(_)) => {
                    self.emit.plain(opcode::DUP, 1);
                    self.emit.plain(opcode::LCONST_0, 2);
                    self.emit.plain(opcode::DUP2_X1, 2);
                    self.emit.plain(opcode::POP2, 0);
                }
                Some(value) => {
                    let wide = value.slots() == 2;
                    self.emit.plain(if wide { opcode::DUP2 } else { opcode::DUP }, value.slots());
                    self.emit.as_long(self.linker, value)?;
                    self.emit.plain(opcode::ACONST_NULL, 1);
                }
            }
            self.id()?;
            self.token();
            taken += 3 + values.push(&mut self.emit, self.linker, Moment::Exit(self.facts, at))?;
        } else {
            self.id()?;
            self.token();
        }
        self.emit.call(self.linker, Call::Exit(self.values.map(|values| values.shape)), taken, 0)?;
        Ok(self.emit.finish(from))
    }

    /// Calls `call` with token, id and a number.
    fn tell(&mut self, call: Call, number: i32) -> Result<Range<usize>, Refused> {
        let from = self.emit.start(0);
        self.token();
        self.id()?;
        self.emit.int(self.linker, number)?;
        self.emit.call(self.linker, call, 4, 0)?;
        Ok(self.emit.finish(from))
    }

    /// A call has ended and the next one begins.
    fn next(&mut self, left: i32, number: i32) -> Result<Range<usize>, Refused> {
        let from = self.emit.start(0);
        self.token();
        self.id()?;
        self.emit.int(self.linker, left)?;
        self.emit.int(self.linker, number)?;
        self.emit.call(self.linker, Call::Next, 5, 0)?;
        Ok(self.emit.finish(from))
    }

    fn caught(&mut self) -> Result<Range<usize>, Refused> {
        let from = self.emit.start(0);
        self.token();
        self.id()?;
        self.emit.call(self.linker, Call::Caught, 3, 0)?;
        Ok(self.emit.finish(from))
    }

    /// Tells a line with what is known there.
    fn line(&mut self, pc: usize, line: u16, mut known: Vec<Known<'_>>) -> Result<Range<usize>, Refused> {
        let (shape, _) = Shape::of(known.iter().map(|known| known.value));
        let place = i32::try_from(pc).map_err(|_| Refused::TooLarge)?;
        let from = self.emit.start(0);
        self.token();
        self.id()?;
        self.emit.int(self.linker, place)?;
        let mut taken = 4;
        let mut kept = Vec::new();
        for (is_object, room) in [(true, shape.objects), (false, shape.longs)] {
            let of_kind = known.extract_if(.., |known| known.told.is_object == is_object);
            let mut pushed = 0;
            // What finds no room is left out.
            for known in of_kind.take(room.into()) {
                match known.slot {
                    Some(slot) => {
                        self.emit.load(known.value, slot);
                        self.emit.as_long(self.linker, known.value)?;
                    }
                    None if is_object => self.emit.plain(opcode::ACONST_NULL, 1),
                    None => self.emit.plain(opcode::LCONST_0, 2),
                }
                kept.push(known.told);
                pushed += 1;
            }
            for _ in pushed..room {
                match is_object {
                    true => self.emit.plain(opcode::ACONST_NULL, 1),
                    false => self.emit.plain(opcode::LCONST_0, 2),
                }
            }
            taken += usize::from(room) * if is_object { 1 } else { 2 };
        }
        self.emit.call(self.linker, Call::Line(shape), taken, 0)?;
        self.lines.push(ToldLine { pc, line, values: kept });
        Ok(self.emit.finish(from))
    }

    /// What is put between entry and handler, in the order of the code.
    fn middle(
        &mut self,
        body: &Body<'a>,
        told: &Told<'_, 'a>,
        start: &Start,
        variables: &Variables<'a>,
        inserts: &mut Inserts,
    ) -> Result<(), Refused> {
        let mut handlers: Vec<usize> = Vec::new();
        if told.caught {
            for handler in &body.code.handlers {
                handlers.push(body.at(usize::from(handler.target))?);
            }
            handlers.sort_unstable();
            handlers.dedup();
        }
        let mut handlers = handlers.into_iter().peekable();
        let endless = Endless::of(body)?;
        let mut lines = told.lines.iter().peekable();
        let mut sites = told.sites.iter().zip(0..).peekable();
        let calls = told.sites.iter().filter(|(_, site)| site.told).map(|(at, _)| *at);
        let laps = Laps::of(body, start, calls, told.lines.iter().map(|(at, _)| *at))?;
        let mut first = !body.is_constructor() && laps.at_entry() == Behind::Call;
        let mut left = None;
        // The exits of one kind are alike, unless what the slots hold matters.
        let alike = !told.values.is_some_and(Values::need_flow);
        let mut exits: [Option<Range<usize>>; 6] = Default::default();
        for (at, instruction) in body.instructions.iter().enumerate() {
            let whole = start.runs.iter().any(|(first, behind)| *first <= at && at < *behind);
            if handlers.next_if_eq(&at).is_some() && whole {
                match endless.at_handler(at) {
                    Place::Before => inserts.before.push((at, self.caught()?)),
                    Place::Behind => inserts.after.push((at, self.caught()?)),
                    Place::Nowhere => {}
                }
            }
            while let Some((_, line)) = lines.next_if(|(place, _)| *place == at) {
                if endless.covers(at) {
                    continue;
                }
                let known = variables.known(body, self.facts, self.values, at);
                inserts.before.push((at, self.line(instruction.pc, *line, known)?));
            }
            if let Some(((_, site), number)) = sites.next_if(|((place, _), _)| *place == at)
                && site.told
            {
                let before = match left.take() {
                    Some(left) => self.next(left, number)?,
                    None => self.tell(if first { Call::First } else { Call::Before }, number)?,
                };
                first = false;
                inserts.before.push((at, before));
                match laps.behind(at) {
                    Behind::Call => left = Some(number),
                    // The exit ends it.
                    Behind::Exit => {}
                    Behind::Apart => inserts.after.push((at, self.tell(Call::After, number)?)),
                }
            }
            let place = usize::from(instruction.opcode.wrapping_sub(opcode::IRETURN));
            if let (Some(result), true) = (RESULTS.get(place), whole) {
                let known = exits.get(place).cloned().flatten().filter(|_| alike);
                let code = match known {
                    Some(code) => code,
                    None => self.exit(at, *result)?,
                };
                if let Some(exit) = exits.get_mut(place) {
                    *exit = Some(code.clone());
                }
                inserts.before.push((at, code));
            }
        }
        Ok(())
    }
}
