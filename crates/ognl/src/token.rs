//! The words and signs of the language.

use std::ops::Range;

use crate::{Constant, Operator, Subscript};

/// A token and where it stood, in bytes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) at: Range<usize>,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    End,
    /// A name that is no word of the language.
    Name(String),
    Constant(Constant),
    Subscript(Subscript),
    /// Between two operands; `-` also before one.
    Operator(Operator),
    Sign(Sign),
    /// Not a token: why.
    Wrong(String),
}

/// Signs and words that are no operators between operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Comma,
    Assign,
    Question,
    Colon,
    /// `!`
    Not,
    /// `not`, which also begins `not in`.
    NotWord,
    Tilde,
    InstanceOf,
    Dot,
    Open,
    Close,
    This,
    Root,
    Hash,
    OpenBracket,
    CloseBracket,
    OpenBrace,
    CloseBrace,
    At,
    New,
    Dollar,
}

/// The signs; of two with the same start the longer one comes first.
const SIGNS: &[(&str, Kind)] = {
    use Kind::{Operator as Op, Sign as S, Subscript as Sub};
    &[
        (">>>", Op(Operator::UnsignedShiftRight)),
        ("[^]", Sub(Subscript::First)),
        ("[|]", Sub(Subscript::Middle)),
        ("[$]", Sub(Subscript::Last)),
        ("[*]", Sub(Subscript::All)),
        ("#this", S(Sign::This)),
        ("#root", S(Sign::Root)),
        ("||", Op(Operator::Or)),
        ("&&", Op(Operator::And)),
        ("==", Op(Operator::Equal)),
        ("!=", Op(Operator::NotEqual)),
        ("<<", Op(Operator::ShiftLeft)),
        (">>", Op(Operator::ShiftRight)),
        ("<=", Op(Operator::LessOrEqual)),
        (">=", Op(Operator::GreaterOrEqual)),
        ("<", Op(Operator::Less)),
        (">", Op(Operator::Greater)),
        ("|", Op(Operator::BitOr)),
        ("^", Op(Operator::Xor)),
        ("&", Op(Operator::BitAnd)),
        ("+", Op(Operator::Add)),
        ("-", Op(Operator::Subtract)),
        ("*", Op(Operator::Multiply)),
        ("/", Op(Operator::Divide)),
        ("%", Op(Operator::Remainder)),
        (",", S(Sign::Comma)),
        ("=", S(Sign::Assign)),
        ("?", S(Sign::Question)),
        (":", S(Sign::Colon)),
        ("!", S(Sign::Not)),
        ("~", S(Sign::Tilde)),
        (".", S(Sign::Dot)),
        ("(", S(Sign::Open)),
        (")", S(Sign::Close)),
        ("#", S(Sign::Hash)),
        ("[", S(Sign::OpenBracket)),
        ("]", S(Sign::CloseBracket)),
        ("{", S(Sign::OpenBrace)),
        ("}", S(Sign::CloseBrace)),
        ("@", S(Sign::At)),
    ]
};

/// The words, which are no names anywhere.
const WORDS: &[(&str, Kind)] = {
    use Kind::{Constant as C, Operator as Op, Sign as S};
    &[
        ("or", Op(Operator::Or)),
        ("and", Op(Operator::And)),
        ("bor", Op(Operator::BitOr)),
        ("xor", Op(Operator::Xor)),
        ("band", Op(Operator::BitAnd)),
        ("eq", Op(Operator::Equal)),
        ("neq", Op(Operator::NotEqual)),
        ("lt", Op(Operator::Less)),
        ("gt", Op(Operator::Greater)),
        ("lte", Op(Operator::LessOrEqual)),
        ("gte", Op(Operator::GreaterOrEqual)),
        ("in", Op(Operator::In)),
        ("shl", Op(Operator::ShiftLeft)),
        ("shr", Op(Operator::ShiftRight)),
        ("ushr", Op(Operator::UnsignedShiftRight)),
        ("not", S(Sign::NotWord)),
        ("instanceof", S(Sign::InstanceOf)),
        ("new", S(Sign::New)),
        ("$", S(Sign::Dollar)),
        ("true", C(Constant::Boolean(true))),
        ("false", C(Constant::Boolean(false))),
        ("null", C(Constant::Null)),
    ]
};

/// The longest sign that `starts` says the text starts with, and its length in bytes, which are as
/// many characters.
pub(crate) fn sign(starts: impl Fn(&str) -> bool) -> Option<(Kind, usize)> {
    SIGNS.iter().find(|(sign, _)| starts(sign)).map(|(sign, kind)| (kind.clone(), sign.len()))
}

/// What a word that starts like a name is.
pub(crate) fn word(text: String) -> Kind {
    match WORDS.iter().find(|(word, _)| *word == text) {
        Some((_, kind)) => kind.clone(),
        None => Kind::Name(text),
    }
}
