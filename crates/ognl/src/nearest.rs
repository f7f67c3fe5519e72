//! Which of the names that there are was meant.

/// The name that is written most alike, if one is alike enough.
pub(crate) fn nearest<'a>(typed: &str, names: &'a [String]) -> Option<&'a str> {
    let typed: Vec<char> = lower(typed);
    let allowed = (typed.len() / 3).clamp(1, 3);
    let near = names.iter().map(|name| (distance(&typed, &lower(name)), name.as_str()));
    near.filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The first characters, so that the work is bounded.
fn lower(text: &str) -> Vec<char> {
    text.chars().take(64).flat_map(char::to_lowercase).collect()
}

/// How many characters must be added, dropped, replaced, or swapped with their neighbour.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, a) in one.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, b) in other.iter().enumerate() {
            let at = |line: &[usize], column: usize| line.get(column).copied().unwrap_or(usize::MAX - 1);
            let mut least = (at(&last, column) + usize::from(a != b))
                .min(at(&last, column + 1) + 1)
                .min(at(&next, column) + 1);
            let swapped =
                row > 0 && column > 0 && one.get(row - 1) == Some(b) && other.get(column - 1) == Some(a);
            if swapped {
                least = least.min(at(&before, column - 1) + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut last, next);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_that_is_most_alike_is_meant() {
        let names = ["items", "total", "customerName"].map(str::to_owned);
        assert_eq!(nearest("itmes", &names), Some("items"));
        assert_eq!(nearest("totl", &names), Some("total"));
        assert_eq!(nearest("customername", &names), Some("customerName"));
        assert_eq!(nearest("price", &names), None);
        assert_eq!(nearest("", &names), None);
    }
}
