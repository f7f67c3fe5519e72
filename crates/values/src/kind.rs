//! What the objects of a class are shown as.

use jvm::live::{Layout, Nature};

use crate::recipe::{self, Recipe, Shape};

/// The kind of a class's objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A `java.lang.String`.
    String,
    /// A box of `java.lang`: its primitive type's letter in descriptors.
    Box(u8),
    /// A constant of an enum.
    Enum,
    /// A `java.util.Date` or one of its subclasses.
    Date,
    /// A `java.lang.Throwable`.
    Throwable,
    /// A `java.lang.Class`.
    Class,
    /// An array of references.
    Objects,
    /// An array of primitives: their letter.
    Primitives(u8),
    /// A container of the JDK's.
    Container(Container),
    /// An object of the JDK's whose `toString` may be called: it neither waits nor calls others.
    Harmless,
    /// Anything else.
    Plain,
}

/// A container, and how its contents are found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Container {
    pub(crate) shape: Shape,
    pub(crate) recipe: Recipe,
    /// Whether the class is the JDK's own and not one below it, whose methods may do something else.
    pub(crate) is_own: bool,
}

impl Container {
    /// Whether it holds keys and values.
    pub fn is_map(self) -> bool {
        self.shape == Shape::Entries
    }
}

const BOXES: [(&str, u8); 8] = [
    ("java.lang.Boolean", b'Z'),
    ("java.lang.Byte", b'B'),
    ("java.lang.Character", b'C'),
    ("java.lang.Short", b'S'),
    ("java.lang.Integer", b'I'),
    ("java.lang.Long", b'J'),
    ("java.lang.Float", b'F'),
    ("java.lang.Double", b'D'),
];

/// Values without locks and without parts of the application.
const HARMLESS: [&str; 42] = [
    "java.io.File",
    "java.lang.StringBuilder",
    "java.lang.StackTraceElement",
    "java.lang.reflect.Constructor",
    "java.lang.reflect.Field",
    "java.lang.reflect.Method",
    "java.math.BigDecimal",
    "java.math.BigInteger",
    "java.math.MathContext",
    "java.net.Inet4Address",
    "java.net.Inet6Address",
    "java.net.InetSocketAddress",
    "java.net.URI",
    "java.nio.charset.StandardCharsets",
    "java.sql.Time",
    "java.time.Duration",
    "java.time.Instant",
    "java.time.LocalDate",
    "java.time.LocalDateTime",
    "java.time.LocalTime",
    "java.time.MonthDay",
    "java.time.OffsetDateTime",
    "java.time.OffsetTime",
    "java.time.Period",
    "java.time.Year",
    "java.time.YearMonth",
    "java.time.ZoneOffset",
    "java.time.ZoneRegion",
    "java.time.ZonedDateTime",
    "java.util.BitSet",
    "java.util.Currency",
    "java.util.Locale",
    "java.util.OptionalDouble",
    "java.util.OptionalInt",
    "java.util.OptionalLong",
    "java.util.UUID",
    "java.util.concurrent.atomic.AtomicBoolean",
    "java.util.concurrent.atomic.AtomicInteger",
    "java.util.concurrent.atomic.AtomicLong",
    "java.util.concurrent.atomic.LongAdder",
    "java.util.regex.Pattern",
    "sun.nio.fs.UnixPath",
];

impl Kind {
    pub(crate) fn of(layout: &Layout) -> Kind {
        match layout.nature {
            Nature::String => return Kind::String,
            Nature::Class => return Kind::Class,
            Nature::Objects => return Kind::Objects,
            Nature::Primitives(kind) => return Kind::Primitives(kind),
            Nature::Plain => {}
        }
        let is_below = |name: &str| layout.lineage.iter().any(|level| level.is_boot && *level.name == *name);
        if is_below("java.lang.Throwable") {
            return Kind::Throwable;
        }
        if is_below("java.lang.Enum") {
            return Kind::Enum;
        }
        if is_below("java.util.Date") {
            return Kind::Date;
        }
        let name = layout.name();
        if let Some(container) = container(layout) {
            return Kind::Container(container);
        }
        if !layout.is_boot() || !(name.starts_with("java.") || name.starts_with("sun.")) {
            return Kind::Plain;
        }
        if let Some((_, kind)) = BOXES.iter().find(|(known, _)| *known == name) {
            return Kind::Box(*kind);
        }
        if HARMLESS.contains(&name) { Kind::Harmless } else { Kind::Plain }
    }
}

/// What a container is: by its class or the first above it that is one of the JDK's.
fn container(layout: &Layout) -> Option<Container> {
    let own = layout.name();
    let level = layout.lineage.iter().find(|level| level.is_boot)?;
    let has = |name: &str| layout.fields.iter().any(|field| *field.name == *name);
    let (shape, recipe) = recipe::of(&level.name, has)?;
    Some(Container { shape, recipe, is_own: *level.name == *own })
}
