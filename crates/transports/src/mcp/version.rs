//! The versions of the protocol that are spoken, and what came with which.

/// A version: a date, so that versions sort as texts do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(&'static str);

const KNOWN: [Version; 4] =
    [Version("2024-11-05"), Version("2025-03-26"), Version("2025-06-18"), Version("2025-11-25")];

impl Version {
    const LATEST: Self = Self("2025-11-25");

    /// What a request without a session speaks that does not say.
    pub(super) const SILENT: Self = Self("2025-03-26");

    /// The version of this name, if it is spoken.
    pub(super) fn known(name: &str) -> Option<Self> {
        KNOWN.into_iter().find(|version| version.0 == name)
    }

    /// What is spoken with a client that asks for this version.
    pub(super) fn agreed(name: &str) -> Self {
        Self::known(name).unwrap_or(Self::LATEST)
    }

    pub(super) fn name(self) -> &'static str {
        self.0
    }

    /// The versions as a sentence has them.
    pub(super) fn names() -> String {
        KNOWN.map(Self::name).join(", ")
    }

    /// A tool's answer is also data.
    pub(super) fn has_structured_content(self) -> bool {
        self.0 >= "2025-06-18"
    }

    /// Tools say what they do to the application.
    pub(super) fn has_annotations(self) -> bool {
        self.0 >= "2025-03-26"
    }

    /// A tool may run as a task.
    pub(super) fn has_tasks(self) -> bool {
        self.0 >= "2025-11-25"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_the_version_it_asks_for_or_the_newest() {
        for known in KNOWN {
            assert_eq!(Version::agreed(known.name()), known);
        }
        assert_eq!(Version::agreed("2099-01-01"), Version::LATEST);
        assert!(KNOWN.is_sorted() && KNOWN.last() == Some(&Version::LATEST));
        let tasks: Vec<_> = KNOWN.into_iter().filter(|version| version.has_tasks()).collect();
        assert_eq!(tasks, [Version::LATEST]);
    }
}
