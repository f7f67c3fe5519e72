//! Modifiers and types in words.

/// Names of access flags in the order of the alphabet, as `java.lang.reflect.Modifier` has them: of a method `transient`
/// means variable arguments and `volatile` a bridge, and Arthas says so, too.
const MODIFIERS: [(i32, &str); 12] = [
    (0x0400, "abstract"),
    (0x0010, "final"),
    (0x0200, "interface"),
    (0x0100, "native"),
    (0x0002, "private"),
    (0x0004, "protected"),
    (0x0001, "public"),
    (0x0008, "static"),
    (0x0800, "strict"),
    (0x0020, "synchronized"),
    (0x0080, "transient"),
    (0x0040, "volatile"),
];

/// The modifiers of a class, field or method, joined by commas.
pub(super) fn modifiers(flags: i32) -> String {
    let named = MODIFIERS.iter().filter(|(flag, _)| flags & flag != 0);
    named.map(|(_, name)| *name).collect::<Vec<_>>().join(",")
}

/// A class as people write it, from what `Class.getName` gives: `[Ljava.lang.String;` is `java.lang.String[]`.
pub(crate) fn type_name(name: &str) -> String {
    let element = name.trim_start_matches('[');
    let dimensions = name.len() - element.len();
    if dimensions == 0 {
        return name.to_owned();
    }
    let element = match element.strip_prefix('L').and_then(|element| element.strip_suffix(';')) {
        Some(element) => element,
        None => primitive(element.as_bytes().first().copied().unwrap_or_default()),
    };
    format!("{element}{}", "[]".repeat(dimensions))
}

fn primitive(letter: u8) -> &'static str {
    match letter {
        b'Z' => "boolean",
        b'B' => "byte",
        b'C' => "char",
        b'S' => "short",
        b'I' => "int",
        b'J' => "long",
        b'F' => "float",
        b'D' => "double",
        _ => "void",
    }
}

/// The type of a field by its descriptor.
pub(super) fn described(descriptor: &str) -> String {
    match descriptor.as_bytes() {
        [letter] => primitive(*letter).to_owned(),
        [b'[', ..] => type_name(&descriptor.replace('/', ".")),
        _ => descriptor.trim_start_matches('L').trim_end_matches(';').replace('/', "."),
    }
}

/// The types of a method's parameters and of its result, by its descriptor.
pub(super) fn signature(descriptor: &str) -> (Vec<String>, String) {
    let (parameters, result) =
        descriptor.strip_prefix('(').and_then(|rest| rest.split_once(')')).unwrap_or_default();
    let mut all = Vec::new();
    let mut rest = parameters;
    while !rest.is_empty() {
        let element = rest.len() - rest.trim_start_matches('[').len();
        let end = match rest.as_bytes().get(element) {
            Some(b'L') => rest.find(';').map_or(rest.len(), |end| end + 1),
            _ => (element + 1).min(rest.len()),
        };
        let (one, after) = rest.split_at(end);
        all.push(described(one));
        rest = after;
    }
    (all, described(result))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modifiers_are_in_the_order_of_the_alphabet() {
        assert_eq!(modifiers(0x0001 | 0x0400 | 0x0200), "abstract,interface,public");
        assert_eq!(modifiers(0x4000 | 0x0010 | 0x0008), "final,static");
        assert_eq!(modifiers(0), "");
    }

    #[test]
    fn arrays_are_written_with_brackets() {
        assert_eq!(type_name("[Ljava.lang.String;"), "java.lang.String[]");
        assert_eq!(type_name("[[I"), "int[][]");
        assert_eq!(type_name("a.B$$Lambda/0x1"), "a.B$$Lambda/0x1");
    }

    #[test]
    fn descriptors_are_read_as_types() {
        let (parameters, result) = signature("([I[[Ljava/lang/String;JLa/B;)V");
        assert_eq!(parameters, ["int[]", "java.lang.String[][]", "long", "a.B"]);
        assert_eq!(result, "void");
        assert_eq!(signature("()[La/B;"), (Vec::new(), "a.B[]".to_owned()));
    }
}
