//! An expression as a tree.
//!
//! The shape is that of OGNL's own tree: `&&`, `||`, `|`, `^`, `&`, `+`, `*`, `,` and chains have
//! any number of children, for OGNL merges equal neighbours whatever the parentheses say (so that
//! `1 + (2 + "a")` is `"3a"` to it); everything else has the children that its sign shows.

use std::ops::Range;

/// A part of an expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub what: What,
    /// What it is made of, in the order of the text.
    pub children: Vec<Node>,
    /// Where it stood in the expression, in bytes.
    pub at: Range<usize>,
    /// How many levels are below it.
    pub(crate) depth: u16,
}

/// What a node is. Where nothing is said of children, there are none.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A literal, `true`, `false` or `null`.
    Constant(Constant),
    /// `name`, a property of what stands before it.
    Property(String),
    /// `[index]`; one child.
    Index,
    /// `[^]` and the like.
    Subscript(Subscript),
    /// `name(arguments)`; the children are the arguments.
    Method(String),
    /// `@class@name(arguments)`; the children are the arguments.
    StaticMethod {
        /// As written; `java.lang.Math` for `@@name()`.
        class: String,
        /// The method.
        name: String,
    },
    /// `@class@name`.
    StaticField {
        /// As written; `java.lang.Math` for `@@name`.
        class: String,
        /// The field.
        name: String,
    },
    /// `new class(arguments)`; the children are the arguments.
    New(String),
    /// `new class[size]`; one child.
    NewArray(String),
    /// `new class[] {elements}`; the children are the elements.
    NewArrayOf(String),
    /// `{elements}`; the children are the elements.
    List,
    /// `#{key: value, ..}` or `#@class@{..}`; the children are [`What::Pair`]s.
    Map(Option<String>),
    /// `key: value`, or only `key`: two children or one.
    Pair,
    /// `:[expression]`; one child.
    Lambda,
    /// `#this`
    This,
    /// `#root`
    Root,
    /// `#name`
    Variable(String),
    /// `a.b`, `a[b]`, `a.(b)`: each child works on the value of the one before; two or more.
    Chain,
    /// `a, b`: the value of the last one; two or more.
    Sequence,
    /// `(a)(b)`: evaluates the value of `a` as an expression, on `b`; two children.
    Eval,
    /// `a = b`; two children.
    Assign,
    /// `a ? b : c`; three children.
    Test,
    /// A sign or a word between or before operands.
    Operator(Operator),
    /// `a instanceof class`; one child.
    InstanceOf(String),
    /// `a.{expression}`: its value for each element; one child.
    Project,
    /// `a.{? expression}` and the like: the elements for which it is true; one child.
    Select(Picked),
}

/// A literal's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Constant {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// `'a'`: one unit of UTF-16.
    Character(u16),
    /// `1`, `0x1`, `01`
    Integer(i32),
    /// `1L`
    Long(i64),
    /// `1f`
    Float(f32),
    /// `1.0`, `1e1`, `1d`
    Double(f64),
    /// `1H`: its digits, in base 8, 10 or 16.
    BigInteger {
        /// Without prefix and suffix.
        digits: String,
        /// 8, 10 or 16.
        radix: u32,
    },
    /// `1.5B`: as written, without the suffix.
    BigDecimal(String),
    /// `"text"`, `'text'`
    Text(String),
}

/// What stands between the brackets of a dynamic subscript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subscript {
    /// `[^]`
    First,
    /// `[|]`
    Middle,
    /// `[$]`
    Last,
    /// `[*]`
    All,
}

/// Which elements a selection picks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picked {
    /// `{? }`
    All,
    /// `{^ }`
    First,
    /// `{$ }`
    Last,
}

/// An operator.
#[expect(missing_docs, reason = "the names are the signs'")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Or,
    And,
    BitOr,
    Xor,
    BitAnd,
    Equal,
    NotEqual,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
    In,
    NotIn,
    ShiftLeft,
    ShiftRight,
    UnsignedShiftRight,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    /// `-a`
    Negate,
    /// `~a`
    BitNegate,
    /// `!a`
    Not,
}

impl Operator {
    /// How an operator between two operands is written.
    pub fn sign(self) -> &'static str {
        match self {
            Operator::Or => "||",
            Operator::And => "&&",
            Operator::BitOr => "|",
            Operator::Xor => "^",
            Operator::BitAnd => "&",
            Operator::Equal => "==",
            Operator::NotEqual => "!=",
            Operator::Less => "<",
            Operator::Greater => ">",
            Operator::LessOrEqual => "<=",
            Operator::GreaterOrEqual => ">=",
            Operator::In => "in",
            Operator::NotIn => "not in",
            Operator::ShiftLeft => "<<",
            Operator::ShiftRight => ">>",
            Operator::UnsignedShiftRight => ">>>",
            Operator::Add => "+",
            Operator::Subtract | Operator::Negate => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
            Operator::BitNegate => "~",
            Operator::Not => "!",
        }
    }

    /// How tightly it binds its operands: 1 binds least. 0 for those that stand before one operand.
    pub(crate) fn power(self) -> u8 {
        match self {
            Operator::Or => 1,
            Operator::And => 2,
            Operator::BitOr => 3,
            Operator::Xor => 4,
            Operator::BitAnd => 5,
            Operator::Equal | Operator::NotEqual => 6,
            Operator::Less
            | Operator::Greater
            | Operator::LessOrEqual
            | Operator::GreaterOrEqual
            | Operator::In
            | Operator::NotIn => 7,
            Operator::ShiftLeft | Operator::ShiftRight | Operator::UnsignedShiftRight => 8,
            Operator::Add | Operator::Subtract => 9,
            Operator::Multiply | Operator::Divide | Operator::Remainder => 10,
            Operator::Negate | Operator::BitNegate | Operator::Not => 0,
        }
    }

    /// Whether equal neighbours are merged into one node.
    fn merges(self) -> bool {
        matches!(
            self,
            Operator::Or
                | Operator::And
                | Operator::BitOr
                | Operator::Xor
                | Operator::BitAnd
                | Operator::Add
                | Operator::Multiply
        )
    }
}

impl What {
    /// Whether children that are the same give their own children instead.
    fn merges(&self) -> bool {
        match self {
            What::Chain | What::Sequence => true,
            What::Operator(operator) => operator.merges(),
            _ => false,
        }
    }
}

impl Node {
    /// Makes a node and merges what OGNL merges.
    pub(crate) fn new(what: What, children: Vec<Node>, at: Range<usize>) -> Self {
        let merges = what.merges();
        let mut depth = 0;
        let mut merged: Vec<Node> = Vec::new();
        for child in children {
            if merges && child.what == what {
                depth = depth.max(child.depth);
                // The first one's are the most: a long sum is read from the left.
                if merged.is_empty() { merged = child.children } else { merged.extend(child.children) }
            } else {
                depth = depth.max(child.depth.saturating_add(1));
                merged.push(child);
            }
        }
        Node { what, children: merged, at, depth }
    }
}
