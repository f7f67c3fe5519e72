//! Holding our numbers against a second source that was asked at another moment.

/// Fails unless `ours` lies between the second source's value before and after, widened by a share.
/// The value may move between the questions, so the second source is asked twice around ours.
pub fn between(what: &str, ours: f64, before: f64, after: f64, tolerance: f64) {
    let low = before.min(after) * (1.0 - tolerance);
    let high = before.max(after) * (1.0 + tolerance);
    assert!((low..=high).contains(&ours), "{what}: {ours} is not in {low}..={high} (tolerance {tolerance})");
}

/// The number that follows `label` in a text, as tools print it.
pub fn number_after(text: &str, label: &str) -> f64 {
    let at = text.find(label).unwrap_or_else(|| panic!("no {label:?} in {text}"));
    let rest = text[at + label.len()..].trim_start_matches(|c: char| !c.is_ascii_digit());
    let digits: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    digits.parse().unwrap_or_else(|why| panic!("{why}: {digits:?} after {label:?}"))
}
