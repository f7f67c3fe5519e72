//! Which methods anybody's expression may call: methods of the JDK that neither wait, nor change anything, nor call
//! what the application has written, nor take long. They are told by the class that declares what is really called.

use crate::recipe;

/// Methods of a class.
enum Of {
    /// Every one.
    All,
    /// These.
    Only(&'static [&'static str]),
    /// All but these.
    But(&'static [&'static str]),
}

use Of::{All, But, Only};

/// What takes long for some arguments, or gives something endless.
const STRING: Of = But(&[
    "matches",
    "replaceAll",
    "replaceFirst",
    "split",
    "splitWithDelimiters",
    "repeat",
    "format",
    "formatted",
    "join",
    "transform",
    "intern",
    "valueOf",
    "copyValueOf",
    "wait",
    "notify",
    "notifyAll",
]);
const BIG: Of = But(&[
    "pow",
    "modPow",
    "modInverse",
    "sqrt",
    "nextProbablePrime",
    "isProbablePrime",
    "probablePrime",
    "shiftLeft",
    "setBit",
    "setScale",
    "movePointRight",
    "movePointLeft",
    "scaleByPowerOfTen",
    "toBigInteger",
    "toBigIntegerExact",
    "toPlainString",
    "parallelMultiply",
]);
const TIME: Of = But(&["format", "query", "adjustInto", "now"]);

const CLASSES: &[(&str, Of)] = &[
    ("java.lang.String", STRING),
    ("java.lang.Boolean", But(&["getBoolean"])),
    ("java.lang.Byte", All),
    ("java.lang.Character", All),
    ("java.lang.Short", All),
    ("java.lang.Integer", But(&["getInteger"])),
    ("java.lang.Long", But(&["getLong"])),
    ("java.lang.Float", All),
    ("java.lang.Double", All),
    ("java.lang.Math", All),
    ("java.lang.StrictMath", All),
    ("java.lang.Object", Only(&["getClass", "hashCode", "equals"])),
    (
        "java.lang.Class",
        Only(&[
            "getName",
            "getSimpleName",
            "getTypeName",
            "getPackageName",
            "isInterface",
            "isArray",
            "isEnum",
            "isPrimitive",
            "isInstance",
            "isAssignableFrom",
            "getSuperclass",
            "getComponentType",
            "getModifiers",
            "getClassLoader",
            "hashCode",
            "equals",
            "toString",
            "desiredAssertionStatus",
            "isAnnotation",
            "isSynthetic",
            "isRecord",
        ]),
    ),
    (
        "java.lang.Enum",
        Only(&["name", "ordinal", "toString", "compareTo", "equals", "hashCode", "getDeclaringClass"]),
    ),
    ("java.lang.StackTraceElement", All),
    (
        "java.lang.Thread",
        Only(&[
            "currentThread",
            "getName",
            "getId",
            "threadId",
            "isDaemon",
            "isVirtual",
            "getPriority",
            "isAlive",
            "isInterrupted",
            "getState",
        ]),
    ),
    (
        "java.lang.StringBuilder",
        Only(&[
            "length",
            "isEmpty",
            "charAt",
            "indexOf",
            "lastIndexOf",
            "substring",
            "subSequence",
            "toString",
            "compareTo",
        ]),
    ),
    (
        "java.lang.AbstractStringBuilder",
        Only(&["length", "isEmpty", "charAt", "indexOf", "lastIndexOf", "substring", "subSequence"]),
    ),
    (
        "java.lang.System",
        Only(&["currentTimeMillis", "nanoTime", "identityHashCode", "getProperty", "getenv"]),
    ),
    ("java.lang.CharSequence", Only(&["isEmpty"])),
    ("java.math.BigInteger", BIG),
    ("java.math.BigDecimal", BIG),
    ("java.math.MathContext", All),
    ("java.math.RoundingMode", All),
    (
        "java.net.URI",
        Only(&[
            "getScheme",
            "getHost",
            "getPort",
            "getPath",
            "getQuery",
            "getFragment",
            "getAuthority",
            "getRawPath",
            "getRawQuery",
            "toString",
            "equals",
            "compareTo",
            "hashCode",
            "isAbsolute",
            "isOpaque",
        ]),
    ),
    (
        "java.io.File",
        Only(&[
            "getName",
            "getPath",
            "getParent",
            "toString",
            "equals",
            "compareTo",
            "hashCode",
            "isAbsolute",
        ]),
    ),
    ("java.time.Duration", TIME),
    ("java.time.Instant", TIME),
    ("java.time.LocalDate", TIME),
    ("java.time.LocalDateTime", TIME),
    ("java.time.LocalTime", TIME),
    ("java.time.MonthDay", TIME),
    ("java.time.OffsetDateTime", TIME),
    ("java.time.OffsetTime", TIME),
    ("java.time.Period", TIME),
    ("java.time.Year", TIME),
    ("java.time.YearMonth", TIME),
    ("java.time.ZonedDateTime", TIME),
    ("java.time.ZoneOffset", TIME),
    ("java.time.DayOfWeek", TIME),
    ("java.time.Month", TIME),
    ("java.util.Currency", Only(&["getCurrencyCode", "getNumericCode", "toString"])),
    ("java.util.Date", Only(&["getTime", "before", "after", "compareTo", "equals", "hashCode"])),
    (
        "java.util.Locale",
        Only(&["getLanguage", "getCountry", "toLanguageTag", "toString", "equals", "hashCode"]),
    ),
    ("java.util.Optional", Only(&["get", "isPresent", "isEmpty", "orElse"])),
    ("java.util.OptionalInt", Only(&["getAsInt", "isPresent", "isEmpty", "orElse", "toString"])),
    ("java.util.OptionalLong", Only(&["getAsLong", "isPresent", "isEmpty", "orElse", "toString"])),
    ("java.util.OptionalDouble", Only(&["getAsDouble", "isPresent", "isEmpty", "orElse", "toString"])),
    ("java.util.Objects", Only(&["isNull", "nonNull"])),
    ("java.util.UUID", But(&["randomUUID"])),
    (
        "java.util.BitSet",
        Only(&["get", "cardinality", "length", "size", "isEmpty", "nextSetBit", "nextClearBit"]),
    ),
    ("java.util.Arrays", Only(&["toString", "hashCode", "equals", "asList"])),
    ("java.util.concurrent.TimeUnit", But(&["sleep", "timedJoin", "timedWait"])),
    (
        "java.util.concurrent.atomic.AtomicBoolean",
        Only(&["get", "getPlain", "getAcquire", "getOpaque", "toString"]),
    ),
    ("java.util.concurrent.atomic.AtomicInteger", Only(ATOMIC)),
    ("java.util.concurrent.atomic.AtomicLong", Only(ATOMIC)),
    ("java.util.concurrent.atomic.AtomicReference", Only(&["get", "getPlain", "getAcquire", "getOpaque"])),
    (
        "java.util.concurrent.atomic.LongAdder",
        Only(&["sum", "intValue", "longValue", "doubleValue", "toString"]),
    ),
    (
        "java.util.concurrent.atomic.DoubleAdder",
        Only(&["sum", "intValue", "longValue", "doubleValue", "toString"]),
    ),
];

const ATOMIC: &[&str] = &[
    "get",
    "getPlain",
    "getAcquire",
    "getOpaque",
    "intValue",
    "longValue",
    "doubleValue",
    "floatValue",
    "toString",
];

/// Whether a method that a class of the boot loader declares is one of these.
pub(super) fn is_harmless(class: &str, method: &str) -> bool {
    match CLASSES.iter().find(|(known, _)| *known == class) {
        Some((_, All)) => true,
        Some((_, Only(methods))) => methods.contains(&method),
        Some((_, But(methods))) => !methods.contains(&method),
        None => is_view(class, method),
    }
}

/// Whether it does nothing with its arguments, whatever they are.
pub(super) fn takes_anything(class: &str, method: &str) -> bool {
    matches!(
        (class, method),
        ("java.util.Objects", "isNull" | "nonNull")
            | ("java.lang.System", "identityHashCode")
            | ("java.lang.Class", "isInstance" | "isAssignableFrom" | "equals")
            | ("java.lang.Object" | "java.lang.Enum", "equals")
            | ("java.util.Optional", "orElse")
    )
}

/// Views of the JDK's containers and their iterators: making one touches nothing but the container, unless that has a
/// lock or stands before one of the application.
fn is_view(class: &str, method: &str) -> bool {
    let Some(name) = class.strip_prefix("java.util.") else { return false };
    let outer = name.split('$').next().unwrap_or(name);
    let locks = ["Collections", "Hashtable", "Vector", "Stack", "Properties"];
    if locks.contains(&outer)
        || outer.contains("Blocking")
        || !recipe::is_known(&format!("java.util.{outer}"))
    {
        return name.starts_with("Arrays$") && matches!(method, "iterator" | "hasNext" | "next");
    }
    matches!(
        method,
        "keySet"
            | "values"
            | "entrySet"
            | "iterator"
            | "descendingIterator"
            | "hasNext"
            | "next"
            | "hasPrevious"
            | "getKey"
            | "getValue"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_take_long_or_call_others_is_not_harmless() {
        for (class, method) in [
            ("java.lang.String", "matches"),
            ("java.lang.String", "repeat"),
            ("java.lang.System", "exit"),
            ("java.lang.Thread", "sleep"),
            ("java.lang.Object", "wait"),
            ("java.lang.Runtime", "exec"),
            ("java.math.BigInteger", "pow"),
            ("java.util.ArrayList", "add"),
            ("java.util.ArrayList", "contains"),
            ("java.util.Hashtable", "keySet"),
            ("java.util.ServiceLoader$2", "next"),
            ("java.util.Collections$UnmodifiableCollection", "iterator"),
            ("java.lang.Object", "toString"),
            ("com.example.Order", "total"),
        ] {
            assert!(!is_harmless(class, method), "{class}.{method}");
        }
        for (class, method) in [
            ("java.lang.String", "startsWith"),
            ("java.lang.Math", "max"),
            ("java.util.HashMap", "entrySet"),
            ("java.util.HashMap$Node", "getKey"),
            ("java.time.LocalDate", "plusDays"),
        ] {
            assert!(is_harmless(class, method), "{class}.{method}");
        }
    }
}
