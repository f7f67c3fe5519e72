//! Where in a class a text stands: its class file is walked for constants, names and annotations.

use values::Redaction;
use weave::classfile::{Attribute, Attributes, Code, Malformed, Pool, Reader};

use super::annotation::{Annotations, Said};
use super::needle::{Needle, words};
use super::{Found, Kind, Kinds, code};

/// Where the constant pool's count lies in a class file (JVMS 4.1).
const POOL: usize = 8;

/// What is found in one class.
pub(super) struct Inside<'s> {
    pub(super) needle: &'s Needle,
    pub(super) kinds: Kinds,
    pub(super) redaction: &'s Redaction,
    pub(super) found: Vec<Found>,
    /// Constants that were met with a place.
    met: Vec<String>,
    /// Constants that the class uses as secrets somewhere, and so are none to tell anywhere.
    secrets: Vec<String>,
}

/// A field or a method of a class file.
struct Member<'a> {
    name: String,
    descriptor: String,
    attributes: Vec<Attribute<'a>>,
}

impl<'s> Inside<'s> {
    pub(super) fn new(needle: &'s Needle, kinds: Kinds, redaction: &'s Redaction) -> Self {
        Self { needle, kinds, redaction, found: Vec::new(), met: Vec::new(), secrets: Vec::new() }
    }

    /// Walks a class file.
    pub(super) fn walk(&mut self, file: &[u8]) -> Result<(), Malformed> {
        let pool = Pool::read(file, POOL)?;
        let mut reader = Reader::starting(file, pool.end());
        reader.take(6)?;
        let interfaces = reader.u2()?;
        reader.take(usize::from(interfaces) * 2)?;
        let fields = members(&mut reader, &pool)?;
        let methods = members(&mut reader, &pool)?;
        let of_class = Attributes::read(&mut reader, &pool)?;
        let bootstrap = match of_class.iter().find(|one| one.name == b"BootstrapMethods") {
            Some(found) => bootstrap(found.content)?,
            None => Vec::new(),
        };
        // A constant that some field's name makes a secret is one wherever the class uses it.
        let mut constants = Vec::new();
        for field in &fields {
            let Some(index) = constant(field, &pool)? else { continue };
            let text = words(pool.string(index)?).into_owned();
            match self.redaction.hides(&field.name) {
                true => self.secrets.push(text),
                false => constants.push((text, field.name.clone())),
            }
        }
        for method in &methods {
            let Some(content) = method.attributes.iter().find(|one| one.name == b"Code") else { continue };
            let body = Code::read(content.content, &pool)?;
            for one in code::strings(body.bytes, &pool, &bootstrap, self.redaction)? {
                // A bootstrap method is given other things than strings, too.
                let Ok(text) = pool.string(one.index) else { continue };
                match one.secret {
                    true => self.secrets.push(words(text).into_owned()),
                    false => constants.push((words(text).into_owned(), method.place())),
                }
            }
        }
        for (text, place) in constants {
            self.placed(&text, &place);
        }
        for method in &methods {
            self.name(Kind::Method, &method.name, &method.place());
        }
        for field in &fields {
            self.name(Kind::Field, &field.name, &field.name);
        }
        if self.kinds.annotations {
            self.annotations(&pool, &of_class, None)?;
            for field in &fields {
                self.annotations(&pool, &field.attributes, Some(&field.name))?;
            }
            for method in &methods {
                self.annotations(&pool, &method.attributes, Some(&method.place()))?;
            }
        }
        Ok(())
    }

    /// A string constant of a method, unless the class keeps it secret elsewhere.
    pub(super) fn placed(&mut self, text: &str, place: &str) {
        if !self.secrets.iter().any(|secret| secret == text) {
            self.string(text, place);
        }
    }

    /// A string constant of a field or a method.
    fn string(&mut self, text: &str, place: &str) {
        self.met.push(text.to_owned());
        self.constant(text, Some(place));
    }

    /// A string constant that was not met with a place.
    pub(super) fn unplaced(&mut self, text: &str) {
        if !self.met.iter().chain(&self.secrets).any(|met| met == text) {
            self.constant(text, None);
        }
    }

    /// A constant that is not told.
    pub(super) fn keep_secret(&mut self, text: &str) {
        self.secrets.push(text.to_owned());
    }

    fn constant(&mut self, text: &str, place: Option<&str>) {
        if !self.kinds.strings {
            return;
        }
        let shown = self.redaction.scrub(text);
        if let Some(at) = self.needle.find(&shown) {
            // Where a string is put together, its changing parts are 1 (JEP 280).
            let text = clipped(&shown, at).replace(['\u{1}', '\u{2}'], "{}");
            self.tell(Found { kind: Kind::String, text, place: place.map(str::to_owned) });
        }
    }

    /// A declared name.
    pub(super) fn name(&mut self, kind: Kind, name: &str, place: &str) {
        let is_wanted = if kind == Kind::Method { self.kinds.methods } else { self.kinds.fields };
        if is_wanted && self.needle.find(name).is_some() {
            self.tell(Found { kind, text: name.to_owned(), place: Some(place.to_owned()) });
        }
    }

    /// The annotations among attributes, of the class itself without a place.
    fn annotations(
        &mut self,
        pool: &Pool<'_>,
        attributes: &[Attribute<'_>],
        place: Option<&str>,
    ) -> Result<(), Malformed> {
        let of = Annotations { pool, needle: self.needle, redaction: self.redaction };
        let mut said = Vec::new();
        for attribute in attributes {
            let mut reader = Reader::new(attribute.content);
            match attribute.name {
                b"RuntimeVisibleAnnotations" | b"RuntimeInvisibleAnnotations" => {
                    of.list(&mut reader, &mut said)?;
                }
                b"RuntimeVisibleParameterAnnotations" | b"RuntimeInvisibleParameterAnnotations" => {
                    of.parameters(&mut reader, &mut said)?;
                }
                b"AnnotationDefault" => said.push(of.default(&mut reader)?),
                _ => {}
            }
        }
        self.fitting(said, place);
        Ok(())
    }

    /// The annotations of a class itself, as the JVM keeps them.
    pub(super) fn of_class(&mut self, pool: &Pool<'_>, raw: &[u8]) -> Result<(), Malformed> {
        let mut said = Vec::new();
        let of = Annotations { pool, needle: self.needle, redaction: self.redaction };
        of.list(&mut Reader::new(raw), &mut said)?;
        self.fitting(said, None);
        Ok(())
    }

    fn fitting(&mut self, said: Vec<Said>, place: Option<&str>) {
        for one in said.into_iter().filter(|one| one.fits) {
            let text = clipped(&one.text, 0);
            self.tell(Found { kind: Kind::Annotation, text, place: place.map(str::to_owned) });
        }
    }

    /// Each thing once, however often a method says it.
    pub(super) fn tell(&mut self, found: Found) {
        if !self.found.contains(&found) {
            self.found.push(found);
        }
    }
}

impl Member<'_> {
    /// A method as it is told from its overloads.
    fn place(&self) -> String {
        format!("{}{}", self.name, self.descriptor)
    }
}

fn members<'a>(reader: &mut Reader<'a>, pool: &Pool<'a>) -> Result<Vec<Member<'a>>, Malformed> {
    let mut all = Vec::new();
    for _ in 0..reader.u2()? {
        reader.u2()?;
        let name = words(pool.utf8(reader.u2()?)?).into_owned();
        let descriptor = words(pool.utf8(reader.u2()?)?).into_owned();
        all.push(Member { name, descriptor, attributes: Attributes::read(reader, pool)? });
    }
    Ok(all)
}

/// The string that a field is a constant of.
fn constant(field: &Member<'_>, pool: &Pool<'_>) -> Result<Option<u16>, Malformed> {
    let Some(found) = field.attributes.iter().find(|one| one.name == b"ConstantValue") else {
        return Ok(None);
    };
    let index = Reader::new(found.content).u2()?;
    Ok(pool.string(index).is_ok().then_some(index))
}

/// What each bootstrap method is given (JVMS 4.7.23).
fn bootstrap(content: &[u8]) -> Result<Vec<Vec<u16>>, Malformed> {
    let mut reader = Reader::new(content);
    let mut all = Vec::new();
    for _ in 0..reader.u2()? {
        reader.u2()?;
        let mut given = Vec::new();
        for _ in 0..reader.u2()? {
            given.push(reader.u2()?);
        }
        all.push(given);
    }
    Ok(all)
}

/// A stretch of a long text around the place where it fits.
fn clipped(text: &str, at: usize) -> String {
    /// Bytes that are shown, and those of them before the place.
    const SHOWN: usize = 400;
    const BEFORE: usize = 100;
    if text.len() <= SHOWN {
        return text.to_owned();
    }
    let start = text.floor_char_boundary(at.saturating_sub(BEFORE));
    let end = text.floor_char_boundary(start + SHOWN);
    let part = text.get(start..end).unwrap_or_default();
    let (before, after) = (if start > 0 { "…" } else { "" }, if end < text.len() { "…" } else { "" });
    format!("{before}{part}{after}")
}

#[cfg(test)]
mod tests {
    use super::clipped;

    #[test]
    fn a_long_text_is_cut_around_the_place_that_fits() {
        let text = format!("{}needle{}", "ä".repeat(500), "ö".repeat(500));
        let cut = clipped(&text, 1_000);
        assert!(cut.contains("needle") && cut.starts_with("…ä") && cut.ends_with("ö…"), "{cut}");
        assert_eq!(clipped("short", 3), "short");
    }
}
