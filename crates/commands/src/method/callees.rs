//! What the methods of a trace call: the next level of `--depth`.

use std::collections::{BTreeMap, BTreeSet};

use host::{Host, NamePattern, Wanted};

/// Calls that were met already: each is woven once.
#[derive(Default)]
pub(super) struct Met {
    methods: BTreeSet<u32>,
    calls: BTreeSet<(String, String)>,
}

impl Met {
    /// What those of `methods` call that were not asked about before; one [`Wanted`] for each class whose
    /// methods are called. Their subclasses are meant: a call goes where the object says.
    pub(super) fn below(&mut self, host: &Host, methods: &[u32], skip_jdk: bool) -> Vec<Wanted> {
        let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for id in methods {
            if !self.methods.insert(*id) {
                continue;
            }
            let Some(facts) = host.woven_method(*id) else { continue };
            for site in &facts.code().sites {
                if skip_jdk && site.class.starts_with("java.") {
                    continue;
                }
                let call = (site.class.clone(), site.method.clone());
                if self.calls.insert(call.clone()) {
                    names.entry(call.0).or_default().insert(call.1);
                }
            }
        }
        let wanted = |(owner, names): (String, BTreeSet<String>)| Wanted {
            limit: usize::MAX,
            subclasses: Some(true),
            ..Wanted::new(NamePattern::one_of([owner]), NamePattern::one_of(names))
        };
        names.into_iter().map(wanted).collect()
    }
}
