//! The parser accepts and refuses what OGNL's own parser does, and makes the same trees.
//!
//! `trees.txt` is made by `scripts/ognl --trees`, which runs the parser of OGNL 3.3.5.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test reports"
)]

use std::fmt::Write;

use ognl::{Constant, Node, Operator, Picked, Subscript, What, parse};

/// OGNL silently takes the last character of several between back quotes.
const REFUSED_BY_US: &[&str] = &["`ab`"];

fn table() -> String {
    let path = std::env::var("OGNL_TREES").unwrap_or_else(|_| "tests/trees.txt".to_owned());
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn trees_are_those_of_ognl() {
    let table = table();
    let lines: Vec<&str> = table.lines().collect();
    let mut wrong = Vec::new();
    for case in lines.chunks(2) {
        let [text, tree] = case else { panic!("a line is missing") };
        let expected = tree.trim();
        let ours = parse(text).map_or_else(|_| "refused".to_owned(), |node| shown(&node));
        if ours != expected && !(ours == "refused" && REFUSED_BY_US.contains(text)) {
            wrong.push(format!("{text}\n  OGNL {expected}\n  ours {ours}"));
        }
    }
    assert!(lines.len() > 1600, "{} lines", lines.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), lines.len() / 2, wrong.join("\n"));
}

#[test]
fn places_lie_in_the_text_and_hold_their_parts() {
    fn check(text: &str, node: &Node) {
        assert!(text.get(node.at.clone()).is_some_and(|part| !part.is_empty()), "{node:?} in {text}");
        for child in &node.children {
            assert!(node.at.start <= child.at.start && child.at.end <= node.at.end, "{node:?} in {text}");
            check(text, child);
        }
    }
    for case in table().lines().collect::<Vec<_>>().chunks(2) {
        match parse(case[0]) {
            Ok(node) => check(case[0], &node),
            Err(why) => {
                assert!(case[0].get(why.at.clone()).is_some(), "{why:?} in {}", case[0]);
                assert!(why.message.ends_with('.'), "{why}");
            }
        }
    }
}

fn shown(node: &Node) -> String {
    let mut out = String::new();
    show(node, &mut out);
    out
}

/// As Trees.java prints it.
fn show(node: &Node, out: &mut String) {
    let head = match &node.what {
        What::Constant(constant) => return out.push_str(&shown_constant(constant)),
        What::Subscript(subscript) => {
            let sign = match subscript {
                Subscript::First => "^",
                Subscript::Middle => "|",
                Subscript::Last => "$",
                Subscript::All => "*",
            };
            write!(out, "(Property [] subscript:{sign})").unwrap();
            return;
        }
        What::NewArrayOf(class) => {
            write!(out, "(Ctor {class} [] (List").unwrap();
            for child in &node.children {
                out.push(' ');
                show(child, out);
            }
            return out.push_str("))");
        }
        What::Property(name) => format!("Property {name}"),
        What::Index => "Property []".to_owned(),
        What::Method(name) => format!("Method {name}"),
        What::StaticMethod { class, name } => format!("StaticMethod {class} {name}"),
        What::StaticField { class, name } => format!("StaticField {class} {name}"),
        What::New(class) => format!("Ctor {class}"),
        What::NewArray(class) => format!("Ctor {class} []"),
        What::List => "List".to_owned(),
        What::Map(class) => format!("Map {}", class.as_deref().unwrap_or("null")),
        What::Pair => "KeyValue".to_owned(),
        What::Lambda => "Lambda".to_owned(),
        What::This => "ThisVarRef".to_owned(),
        What::Root => "RootVarRef".to_owned(),
        What::Variable(name) => format!("VarRef {name}"),
        What::Chain => "Chain".to_owned(),
        What::Sequence => "Sequence".to_owned(),
        What::Eval => "Eval".to_owned(),
        What::Assign => "Assign".to_owned(),
        What::Test => "Test".to_owned(),
        What::Operator(operator) => operator_name(*operator).to_owned(),
        What::InstanceOf(class) => format!("Instanceof {class}"),
        What::Project => "Project".to_owned(),
        What::Select(Picked::All) => "Select".to_owned(),
        What::Select(Picked::First) => "SelectFirst".to_owned(),
        What::Select(Picked::Last) => "SelectLast".to_owned(),
    };
    write!(out, "({head}").unwrap();
    for child in &node.children {
        out.push(' ');
        show(child, out);
    }
    out.push(')');
}

fn operator_name(operator: Operator) -> &'static str {
    match operator {
        Operator::Or => "Or",
        Operator::And => "And",
        Operator::BitOr => "BitOr",
        Operator::Xor => "Xor",
        Operator::BitAnd => "BitAnd",
        Operator::Equal => "Eq",
        Operator::NotEqual => "NotEq",
        Operator::Less => "Less",
        Operator::Greater => "Greater",
        Operator::LessOrEqual => "LessEq",
        Operator::GreaterOrEqual => "GreaterEq",
        Operator::In => "In",
        Operator::NotIn => "NotIn",
        Operator::ShiftLeft => "ShiftLeft",
        Operator::ShiftRight => "ShiftRight",
        Operator::UnsignedShiftRight => "UnsignedShiftRight",
        Operator::Add => "Add",
        Operator::Subtract => "Subtract",
        Operator::Multiply => "Multiply",
        Operator::Divide => "Divide",
        Operator::Remainder => "Remainder",
        Operator::Negate => "Negate",
        Operator::BitNegate => "BitNegate",
        Operator::Not => "Not",
    }
}

fn shown_constant(constant: &Constant) -> String {
    match constant {
        Constant::Null => "null".to_owned(),
        Constant::Boolean(value) => value.to_string(),
        Constant::Character(unit) => format!("char:{unit}"),
        Constant::Integer(value) => format!("integer:{value}"),
        Constant::Long(value) => format!("long:{value}"),
        Constant::Float(value) => format!("float:{:08x}", value.to_bits()),
        Constant::Double(value) => format!("double:{:016x}", value.to_bits()),
        Constant::BigInteger { digits, radix } => {
            format!("biginteger:{}", i128::from_str_radix(digits, *radix).unwrap())
        }
        Constant::BigDecimal(text) => {
            let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
            let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
            let unscaled: i128 = format!("{whole}{part}").parse().unwrap();
            let scale = part.len() as i64 - exponent.parse::<i64>().unwrap();
            format!("decimal:{unscaled}:{scale}")
        }
        Constant::Text(text) => {
            let mut out = "text:".to_owned();
            for unit in text.encode_utf16() {
                match unit {
                    0x21..0x7f if unit != 0x5c => out.push(char::from_u32(unit.into()).unwrap()),
                    _ => write!(out, "\\{unit:04x}").unwrap(),
                }
            }
            out
        }
    }
}
