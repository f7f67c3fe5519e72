//! Doc comments as help texts, and names as users type them.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The lines of a doc comment, without the blank each begins with.
fn lines(attributes: &[Attribute]) -> Vec<String> {
    attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
                Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

/// The first paragraph as one line without its full stop, and the paragraphs after it.
pub(crate) fn summary_and_description(attributes: &[Attribute]) -> (String, String) {
    let mut paragraphs = paragraphs(attributes).into_iter();
    let summary = paragraphs.next().unwrap_or_default();
    (without_stop(&summary), paragraphs.collect::<Vec<_>>().join("\n"))
}

/// The whole comment as one line without its full stop.
pub(crate) fn one_line(attributes: &[Attribute]) -> String {
    without_stop(&paragraphs(attributes).join(" "))
}

fn paragraphs(attributes: &[Attribute]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut open = false;
    for line in lines(attributes) {
        if line.is_empty() {
            open = false;
        } else if open && let Some(last) = all.last_mut() {
            last.push(' ');
            last.push_str(&line);
        } else {
            all.push(line);
            open = true;
        }
    }
    all
}

fn without_stop(text: &str) -> String {
    text.strip_suffix('.').unwrap_or(text).to_owned()
}

/// `TopThreads` and `top_threads` as `top-threads`.
pub(crate) fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for c in name.trim_start_matches("r#").chars() {
        if c == '_' {
            kebab.push('-');
        } else if c.is_uppercase() {
            if !kebab.is_empty() && !kebab.ends_with('-') {
                kebab.push('-');
            }
            kebab.extend(c.to_lowercase());
        } else {
            kebab.push(c);
        }
    }
    kebab
}
