//! The order of `Set.of` and `Map.of`: each JVM draws a number at its start and walks its tables from there, forwards or
//! backwards, so that nobody relies on an order.

use jvm::Env;

/// What `java.util.ImmutableCollections` has drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Salt {
    salt: i64,
    /// Backwards, in the JDK's words; in ours forwards.
    pub(crate) reverse: bool,
}

impl Salt {
    /// `None` before JDK 12, which had other fields.
    pub(crate) fn read(env: &Env<'_>) -> Option<Salt> {
        env.frame(8, |env| {
            let class = env.find_class("java/util/ImmutableCollections")?;
            let salt = env.get_static(&class, "SALT32L", "J")?;
            let reverse = env.get_static(&class, "REVERSE", "Z")?;
            Ok::<_, jvm::Error>(Salt { salt, reverse })
        })
        .ok()
    }

    /// The place that a walk over so many begins beside.
    pub(crate) fn start(self, places: usize) -> usize {
        let product = self.salt.wrapping_mul(places as i64).cast_unsigned() >> 32;
        (product as usize).checked_rem(places).unwrap_or(0)
    }
}
