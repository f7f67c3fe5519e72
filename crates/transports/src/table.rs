//! A small map, searched from end to end: what the ports keep is some hundred entries at most, and each
//! kind of `BTreeMap` is 6 KB of code that is carried into every container.

/// See the module. Entries are in no order.
#[derive(Debug)]
pub(crate) struct Table<K, V> {
    entries: Vec<(K, V)>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<K: PartialEq, V> Table<K, V> {
    fn place<Q: ?Sized + PartialEq>(&self, key: &Q) -> Option<usize>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.entries.iter().position(|(known, _)| known.borrow() == key)
    }

    pub(crate) fn get<Q: ?Sized + PartialEq>(&self, key: &Q) -> Option<&V>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.entries.get(self.place(key)?).map(|(_, value)| value)
    }

    pub(crate) fn get_mut<Q: ?Sized + PartialEq>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: std::borrow::Borrow<Q>,
    {
        let place = self.place(key)?;
        self.entries.get_mut(place).map(|(_, value)| value)
    }

    pub(crate) fn contains_key<Q: ?Sized + PartialEq>(&self, key: &Q) -> bool
    where
        K: std::borrow::Borrow<Q>,
    {
        self.place(key).is_some()
    }

    /// Puts a value in, in place of the one that was there.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        match self.get_mut(&key) {
            Some(place) => *place = value,
            None => self.entries.push((key, value)),
        }
    }

    pub(crate) fn remove<Q: ?Sized + PartialEq>(&mut self, key: &Q) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
    {
        let place = self.place(key)?;
        Some(self.entries.swap_remove(place).1)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.entries.iter_mut().map(|(key, value)| (&*key, value))
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        self.entries.iter().map(|(key, _)| key)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> + Clone {
        self.entries.iter().map(|(_, value)| value)
    }

    pub(crate) fn into_values(self) -> impl Iterator<Item = V> {
        self.entries.into_iter().map(|(_, value)| value)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.entries.iter_mut().map(|(_, value)| value)
    }

    /// Keeps the entries for which this holds.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.entries.retain_mut(|(key, value)| keep(key, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_found_replaced_and_removed_by_its_key() {
        let mut table = Table::default();
        for (key, value) in [("a", 1), ("b", 2), ("c", 3), ("b", 4)] {
            table.insert(key.to_owned(), value);
        }
        assert_eq!((table.len(), table.get("b"), table.get("x")), (3, Some(&4), None));
        assert_eq!((table.remove("a"), table.remove("a")), (Some(1), None));
        assert!(table.contains_key("c") && !table.contains_key("a"));
        table.values_mut().for_each(|value| *value += 1);
        table.retain(|_, value| *value != 5);
        assert_eq!(table.iter().collect::<Vec<_>>(), [(&"c".to_owned(), &4)]);
        table.clear();
        assert!(table.is_empty());
    }
}
