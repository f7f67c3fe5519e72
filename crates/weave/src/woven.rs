//! What came of a plan: the new class file, and what the caller must know of each method to make sense
//! of what its code will tell.

use std::borrow::Cow;

use crate::refused::Refusal;
use crate::shape::Shape;

/// HotSpot's `FreqInlineSize`: longer methods are not inlined, however hot they are.
const INLINED: usize = 325;

/// What came of a plan.
#[derive(Debug, Clone)]
pub struct Woven<'a> {
    /// The class file: the very bytes that went in where nothing was woven.
    pub bytes: Cow<'a, [u8]>,
    /// The methods that are woven.
    pub methods: Vec<WovenMethod>,
    /// The methods that stay as they were.
    pub refused: Vec<Refusal>,
}

/// A method that is woven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WovenMethod {
    /// Its place in the plan.
    pub planned: usize,
    /// Its id in the plan.
    pub id: i32,
    /// Bytes of code before.
    pub before: usize,
    /// Bytes of code now.
    pub after: usize,
    /// The shape of its values; `None` where they are not passed.
    pub shape: Option<Shape>,
    /// Whether it has more arguments than the largest shape can pass: the last ones are left out.
    pub dropped_arguments: bool,
    /// For each parameter, `this` left out, whether the method stores something else into it. Then a
    /// normal exit passes what it holds by then, where that is of the same kind; what is thrown comes
    /// with what it held at the entry. Known where values are passed, else empty.
    pub stored: Vec<bool>,
    /// The names of the parameters, `this` left out, as far as the class file tells them. Known where values are passed,
    /// else empty.
    pub names: Vec<Option<Vec<u8>>>,
    /// All calls in the order of the code, whether told or not, so that a site's number does not
    /// depend on the parts; empty without [`Parts::CALLS`](crate::Parts::CALLS).
    pub sites: Vec<Site>,
    /// Whether normal exits pass, behind the values, what stored arguments were at the entry: objects behind
    /// objects, longs behind longs ([`Parts::ENTERED`](crate::Parts::ENTERED)).
    pub entered: bool,
    /// The places that are told with [`Parts::LINES`](crate::Parts::LINES), in the order of the code.
    pub lines: Vec<ToldLine>,
}

impl WovenMethod {
    /// Whether it was short enough for the JIT to inline it when hot and is not any more (HotSpot's
    /// `FreqInlineSize`, 325 bytes): worth a note to the user.
    pub fn passes_inlining_limit(&self) -> bool {
        self.before <= INLINED && self.after > INLINED
    }
}

/// A call in the code; `invokedynamic` is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Internal name of the class that the call names.
    pub owner: Vec<u8>,
    /// The called method.
    pub name: Vec<u8>,
    /// Its descriptor.
    pub descriptor: Vec<u8>,
    /// The line, where the class file tells it.
    pub line: Option<u16>,
    /// Whether `before` and `after` are called around it.
    pub told: bool,
}

/// A place where a line starts. A line may have several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldLine {
    /// By what it is told: where it lies in the code as it was before weaving.
    pub pc: usize,
    /// The line.
    pub line: u16,
    /// What is passed: objects first, then longs, each in this order.
    pub values: Vec<LineValue>,
}

/// A value at a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineValue {
    /// Whether it is passed among the objects.
    pub is_object: bool,
    /// Which parameter it is, if it is one; the receiver counts as the first.
    pub parameter: Option<usize>,
    /// Its variable's number in the code, by which variables stand in the order of their declarations.
    pub slot: u16,
    /// Whether the value is there; an argument that was overwritten may not be.
    pub is_known: bool,
    /// Name and descriptor of its local variable, where the class file's `LocalVariableTable` tells.
    pub variable: Option<(Vec<u8>, Vec<u8>)>,
}
