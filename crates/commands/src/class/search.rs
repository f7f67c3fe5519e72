//! `search`: which loaded class holds a text, and where.

use host::NamePattern;
use host::search::{Found, FoundClass, Kind, Kinds, Needle, Search as Wanted, Searched};
use model::RowAffect;

use crate::prelude::*;

/// Find classes by a text that they hold
///
/// Looks into the string constants of all loaded classes, the names of their methods and fields, and their
/// annotations: `search /order/` finds the controller that serves it, `search 'no such customer'` who says so. Nothing
/// is loaded, linked or changed by looking. Where the text stands is read from the class file; of a class that lies in no
/// file and is not linked yet it is not told. Strings in fields, or behind keys, whose names sound like secrets are left out.
#[derive(Args)]
#[command(group = Class, permission = Observe)]
#[command(example = "search /order/{id}", example = "search --in strings -E 'jdbc:\\w+://'")]
#[command(example = "search -i timeout 'com.shop.*'", example = "search @Scheduled")]
pub(crate) struct Search {
    /// The text; one that begins with `@` is looked for in annotations alone
    text: String,
    /// Only in these classes
    #[arg(name = "class-pattern", default = "*")]
    class: ClassPattern,
    /// Only in these; more than one is possible
    #[arg(long = "in", label = "kind")]
    kinds: Vec<In>,
    /// The text is a regular expression, which may fit anywhere
    #[arg(short = 'E', long)]
    regex: bool,
    /// The case of letters does not matter
    #[arg(short = 'i', long = "ignore-case")]
    ignore_case: bool,
    /// Only classes of the loader with this hash
    #[arg(short = 'c', long, label = "hash")]
    classloader: Option<String>,
    /// Classes of the JDK, too
    #[arg(long)]
    jdk: bool,
    /// End after so many finds; 0 for all
    #[arg(short = 'n', long = "limits", default = "100")]
    limit: usize,
}

/// Where a text may be.
#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum In {
    /// String constants.
    #[choice("strings")]
    Strings,
    /// Names of methods.
    #[choice("methods")]
    Methods,
    /// Names of fields.
    #[choice("fields")]
    Fields,
    /// Annotations and their values.
    #[choice("annotations")]
    Annotations,
}

impl Command for Search {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let is_annotation = self.kinds.is_empty() && self.text.len() > 1 && self.text.starts_with('@');
        let text = if is_annotation { self.text.get(1..).unwrap_or_default() } else { &self.text };
        if text.is_empty() {
            return Err(Failure::new("There is no text to look for; every class would fit."));
        }
        let is_in = |kind: In| match self.kinds.is_empty() {
            true => !is_annotation || kind == In::Annotations,
            false => self.kinds.contains(&kind),
        };
        let search = Wanted {
            needle: match self.regex {
                true => Needle::regex(text, self.ignore_case).map_err(Failure::new)?,
                false => Needle::text(text, self.ignore_case),
            },
            kinds: Kinds {
                strings: is_in(In::Strings),
                methods: is_in(In::Methods),
                fields: is_in(In::Fields),
                annotations: is_in(In::Annotations),
            },
            classes: NamePattern::wildcard(&self.class),
            loader: self.classloader.clone(),
            jdk: self.jdk,
        };
        let limit = if self.limit == 0 { usize::MAX } else { self.limit };
        let started = std::time::Instant::now();
        let (mut finds, mut emitted) = (0, Ok(()));
        let searched = {
            // Both ask the session, one after the other.
            let cx = std::cell::RefCell::new(&mut *cx);
            let goes_on = || !cx.borrow().cancelled();
            host.search(&search, &goes_on, &mut |mut found| {
                found.found.truncate(limit - finds);
                finds += found.found.len();
                emitted = cx.borrow_mut().emit(Class(found));
                emitted.is_ok() && finds < limit
            })
        };
        let searched = searched.or_fail()?;
        emitted?;
        if cx.cancelled() {
            return Err(Failure::Cancelled);
        }
        if finds >= limit {
            cx.message(format!("{finds} finds are shown; -n shows more, -n 0 all."))?;
        }
        cx.emit(Summary { searched, finds, millis: started.elapsed().as_millis() as u64 })?;
        cx.emit(RowAffect { row_count: finds as u64 })
    }
}

/// A class that holds the text.
#[derive(Serialize)]
#[serde(transparent)]
struct Class(FoundClass);

impl Show for Class {
    const KIND: &'static str = "search";

    fn layout(&self) -> Layout {
        let Self(class) = self;
        let name = Text::styled(Style::Name, class.class_name.clone());
        let name = name.with(Style::Dim, format!("  {}", class.class_loader_hash));
        let mut lines = vec![Layout::Line(name)];
        lines.extend(class.found.iter().map(|found| Layout::Line(line(found))));
        Layout::stack(lines)
    }
}

/// `  string "text" in method(descriptor)`.
fn line(found: &Found) -> Text {
    let (kind, text) = match found.kind {
        Kind::String => ("string", format!("{:?}", found.text)),
        Kind::Method => ("method", String::new()),
        Kind::Field => ("field", String::new()),
        Kind::Annotation => ("annotation", found.text.clone()),
        Kind::Constant => ("constant", found.text.clone()),
    };
    let mut line = Text::styled(Style::Dim, format!("  {kind:<11}"));
    line.push(Style::Plain, text);
    match (&found.place, found.kind) {
        (Some(place), Kind::Method | Kind::Field) => line.push(Style::Plain, place.clone()),
        (Some(place), _) => line.push(Style::Dim, format!("  {place}")),
        (None, _) => {}
    }
    line
}

/// What was searched.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    #[serde(flatten)]
    searched: Searched,
    finds: usize,
    millis: u64,
}

impl Show for Summary {
    const KIND: &'static str = "search-summary";

    fn layout(&self) -> Layout {
        let Searched { classes, jdk_classes, bytes } = self.searched;
        let mut text =
            format!("{classes} classes with {} MB of constants in {} ms", bytes >> 20, self.millis);
        if jdk_classes > 0 {
            text.push_str(&format!("; {jdk_classes} of the JDK were left out (--jdk)"));
        }
        Layout::Line(Text::styled(Style::Dim, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_find_says_what_it_is_and_where() {
        let find = |kind, text: &str, place: Option<&str>| {
            line(&Found { kind, text: text.to_owned(), place: place.map(str::to_owned) }).plain()
        };
        assert_eq!(
            find(Kind::Annotation, r#"@GetMapping("/order/{id}")"#, Some("find(J)Lshop/Order;")),
            r#"  annotation @GetMapping("/order/{id}")  find(J)Lshop/Order;"#
        );
        assert_eq!(find(Kind::String, "a\nb", None), r#"  string     "a\nb""#);
        assert_eq!(find(Kind::Method, "find", Some("find(J)V")), "  method     find(J)V");
    }
}
