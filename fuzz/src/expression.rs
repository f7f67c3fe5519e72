//! Expressions: a person types them, and commands of others carry them.

/// Reads an expression. Every place, of a part or of what is wrong, lies in the text.
pub(crate) fn expression(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match ognl::parse(text) {
        Ok(node) => check(text, &node),
        Err(why) => {
            assert!(text.get(why.at.clone()).is_some(), "{why:?}");
            assert!(why.message.ends_with('.'), "{why:?}");
        }
    }
}

fn check(text: &str, node: &ognl::Node) {
    assert!(text.get(node.at.clone()).is_some_and(|part| !part.is_empty()), "{node:?}");
    node.children.iter().for_each(|child| check(text, child));
}
