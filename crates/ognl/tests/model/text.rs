//! The methods of `String`.

use ognl::{Fault, Primitive, Standard, Value};

use super::{Got, Model, Type, V, thrown};

fn find(text: &[u16], wanted: &[u16], from: usize) -> Option<usize> {
    (from..=text.len().saturating_sub(wanted.len())).find(|at| text[*at..].starts_with(wanted))
}

fn place(found: Option<usize>) -> Got {
    Ok(Value::Int(found.map_or(-1, |at| at as i32)))
}

fn out_of_bounds() -> Got {
    thrown("java.lang.StringIndexOutOfBoundsException", "out of range")
}

fn lower(unit: u16) -> u16 {
    u8::try_from(unit).map_or(unit, |byte| byte.to_ascii_lowercase().into())
}

impl Model {
    pub fn text_call(&self, signature: &str, on: &[u16], arguments: &[V]) -> Option<Got> {
        let units = |index: usize| match arguments.get(index) {
            Some(Value::Object(text)) => Some(text.units()),
            _ => None,
        };
        let null = || Some(Err(Fault::thrown("java.lang.NullPointerException", None)));
        let takes_text =
            signature.contains("(java.lang.String") || signature.contains("(java.lang.CharSequence");
        if takes_text && units(0).is_none() {
            return match signature {
                "equalsIgnoreCase(java.lang.String)" => Some(Ok(Value::Boolean(false))),
                _ => null(),
            };
        }
        let other = units(0).unwrap_or_default();
        let part = |from: i32, to: i32| match (usize::try_from(from), usize::try_from(to)) {
            (Ok(from), Ok(to)) if from <= to && to <= on.len() => Ok(self.units(&on[from..to])),
            _ => out_of_bounds(),
        };
        Some(match (signature, arguments) {
            ("length()", _) => Ok(Value::Int(on.len() as i32)),
            ("isEmpty()", _) => Ok(Value::Boolean(on.is_empty())),
            ("toUpperCase()", _) => Ok(self.text(&String::from_utf16_lossy(on).to_uppercase())),
            ("toLowerCase()", _) => Ok(self.text(&String::from_utf16_lossy(on).to_lowercase())),
            ("charAt(int)", [Value::Int(at)]) => usize::try_from(*at)
                .ok()
                .and_then(|at| on.get(at))
                .map_or_else(out_of_bounds, |unit| Ok(Value::Character(*unit))),
            ("substring(int)", [Value::Int(from)]) => part(*from, on.len() as i32),
            ("substring(int,int)", [Value::Int(from), Value::Int(to)]) => part(*from, *to),
            ("indexOf(java.lang.String)", _) => place(find(on, &other, 0)),
            ("indexOf(java.lang.String,int)", [_, Value::Int(from)]) => {
                place(find(on, &other, *from as usize))
            }
            ("indexOf(int)", [Value::Int(unit)]) => place(on.iter().position(|one| i32::from(*one) == *unit)),
            ("lastIndexOf(java.lang.String)", _) => {
                place((0..=on.len()).rev().find(|at| on[*at..].starts_with(&other)))
            }
            ("contains(java.lang.CharSequence)", _) => Ok(Value::Boolean(find(on, &other, 0).is_some())),
            ("startsWith(java.lang.String)", _) => Ok(Value::Boolean(on.starts_with(&other))),
            ("startsWith(java.lang.String,int)", [_, Value::Int(from)]) => {
                Ok(Value::Boolean(on.get(*from as usize..).is_some_and(|rest| rest.starts_with(&other))))
            }
            ("endsWith(java.lang.String)", _) => Ok(Value::Boolean(on.ends_with(&other))),
            ("equalsIgnoreCase(java.lang.String)", _) => {
                let same = on.iter().map(|unit| lower(*unit)).eq(other.iter().map(|unit| lower(*unit)));
                Ok(Value::Boolean(same))
            }
            ("concat(java.lang.String)", _) => Ok(self.units(&[on, &other].concat())),
            ("replace(java.lang.CharSequence,java.lang.CharSequence)", _) => {
                let with = String::from_utf16_lossy(&units(1)?);
                let text = String::from_utf16_lossy(on).replace(&String::from_utf16_lossy(&other), &with);
                Ok(self.text(&text))
            }
            ("replace(char,char)", [Value::Character(old), Value::Character(new)]) => {
                Ok(self.units(&on.iter().map(|one| if one == old { *new } else { *one }).collect::<Vec<_>>()))
            }
            ("trim()", _) => {
                let start = on.iter().take_while(|unit| **unit <= 0x20).count();
                let end = on.len() - on[start..].iter().rev().take_while(|unit| **unit <= 0x20).count();
                Ok(self.units(&on[start..end]))
            }
            ("toCharArray()", _) => Ok(self.array(
                Type::Primitive(Primitive::Char),
                on.iter().map(|unit| Value::Character(*unit)).collect(),
            )),
            ("getBytes()", _) => {
                let bytes = String::from_utf16_lossy(on).into_bytes();
                let values = bytes.into_iter().map(|byte| Value::Byte(byte as i8)).collect();
                Ok(self.array(Type::Primitive(Primitive::Byte), values))
            }
            ("split(java.lang.String)", _) => Ok(self.split(on, &other)),
            ("codePointAt(int)", [Value::Int(at)]) => {
                let mut chars = char::decode_utf16(on[*at as usize..].iter().copied());
                Ok(Value::Int(chars.next()?.ok()? as i32))
            }
            _ => return None,
        })
    }

    /// By a text that is no pattern; empty parts at the end are dropped.
    fn split(&self, on: &[u16], by: &[u16]) -> V {
        let text = String::from_utf16_lossy(on);
        let by = String::from_utf16_lossy(by);
        let mut parts: Vec<String> = match by.is_empty() {
            true => text.chars().map(String::from).collect(),
            false => text.split(&by).map(str::to_owned).collect(),
        };
        while parts.len() > 1 && parts.last().is_some_and(String::is_empty) {
            parts.pop();
        }
        let class = self.classes.standard(Standard::String);
        self.array(class, parts.iter().map(|part| self.text(part)).collect())
    }
}
