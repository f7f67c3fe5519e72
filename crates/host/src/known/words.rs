//! The words of source texts, and which classes these may mean: the first filter of tens of thousands of loaded classes. It
//! reads no Java, so it lets through more than a compiler would ask for, and nothing less but what is written with `\u`.

use std::collections::HashSet;

use crate::compile::SourceFile;

/// The words of some sources.
pub(super) struct Words<'s> {
    all: HashSet<&'s str>,
    /// The packages that the sources are in, with slashes.
    packages: HashSet<String>,
    /// The classes that the sources are named after, with slashes.
    own: HashSet<String>,
}

impl<'s> Words<'s> {
    pub(super) fn of(sources: &'s [SourceFile]) -> Self {
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
        let words = sources.iter().flat_map(|source| source.text.split(move |c| !is_part(c)));
        let all = words.filter(|word| word.starts_with(|c: char| !c.is_ascii_digit())).collect();
        let own: HashSet<String> =
            sources.iter().map(|source| source.class_name().replace('.', "/")).collect();
        let packages = own.iter().map(|name| split(name).0.to_owned()).collect();
        Self { all, packages, own }
    }

    /// Whether a source may name the class (with slashes): by its package and name, an import (with a star, too), or
    /// because it is in the same package. Classes of the sources themselves are not meant.
    pub(super) fn may_mean(&self, name: &str) -> bool {
        let (package, simple) = split(name);
        let has = |word: &str| self.all.contains(word);
        // A class within another may be named by its own name, where it is inherited or imported; its outer class is named,
        // then, or known by a class that is.
        (has(simple) || simple.split('$').all(has))
            && (self.packages.contains(package) || (!package.is_empty() && package.split('/').all(has)))
            && !self.is_own(name)
    }

    /// Whether it is one of the classes that the sources are named after, or within one.
    pub(super) fn is_own(&self, name: &str) -> bool {
        self.own.contains(name)
            || name
                .match_indices('$')
                .any(|(at, _)| name.get(..at).is_some_and(|outer| self.own.contains(outer)))
    }
}

fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('/').unwrap_or(("", name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_meant_by_package_import_or_their_whole_name() {
        let text = "package shop.front;\nimport made.*;\nimport other.Outer.Inner;\n\
                    class A { Near n; Far f; far.away.Deep d; Odd$Name o; int Größe = \"x\".length(); }";
        let source = SourceFile { path: "/tmp/A.java".to_owned(), text: text.to_owned() };
        let sources = [source];
        let words = Words::of(&sources);
        for name in [
            "shop/front/Near",
            "made/Far",
            "other/Outer",
            "other/Outer$Inner",
            "far/away/Deep",
            "made/Odd$Name",
            "shop/front/Größe",
            "shop/front/Near$Far",
        ] {
            assert!(words.may_mean(name), "{name}");
        }
        for name in [
            "Near",
            "shop/Nearer",
            "elsewhere/Far",
            "shop/front/A",
            "shop/front/A$Near",
            "shop/front/Near$1",
            "made/Far$$Lambda",
            "made/Farther",
        ] {
            assert!(!words.may_mean(name), "{name}");
        }
        assert!(words.is_own("shop/front/A$Near") && !words.is_own("shop/front/AB"));
    }
}
