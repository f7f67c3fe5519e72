//! The values of fields, by the class that declares them and their name: read without making a text of the name.

use std::collections::BTreeMap;

use super::V;

#[derive(Debug, Default)]
pub struct Fields(BTreeMap<u32, BTreeMap<String, V>>);

impl Fields {
    pub fn get(&self, class: u32, name: &str) -> Option<&V> {
        self.0.get(&class)?.get(name)
    }

    pub fn set(&mut self, class: u32, name: &str, value: V) {
        self.0.entry(class).or_default().insert(name.to_owned(), value);
    }

    pub fn iter(&self) -> impl Iterator<Item = (u32, &str, &V)> {
        self.0
            .iter()
            .flat_map(|(class, fields)| fields.iter().map(|(name, value)| (*class, name.as_str(), value)))
    }
}
