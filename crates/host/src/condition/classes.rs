//! The classes that `instanceof` of a compiled condition may name: in every JVM since Java 8, so that
//! looking them up cannot fail.

use super::kind::Kind;

const KNOWN: &[&str] = &[
    "java/lang/Object",
    "java/lang/String",
    "java/lang/CharSequence",
    "java/lang/Comparable",
    "java/lang/Number",
    "java/lang/Boolean",
    "java/lang/Byte",
    "java/lang/Character",
    "java/lang/Short",
    "java/lang/Integer",
    "java/lang/Long",
    "java/lang/Float",
    "java/lang/Double",
    "java/lang/Iterable",
    "java/lang/Runnable",
    "java/lang/Throwable",
    "java/lang/Error",
    "java/lang/OutOfMemoryError",
    "java/lang/StackOverflowError",
    "java/lang/LinkageError",
    "java/lang/NoClassDefFoundError",
    "java/lang/AssertionError",
    "java/lang/Exception",
    "java/lang/ReflectiveOperationException",
    "java/lang/ClassNotFoundException",
    "java/lang/InterruptedException",
    "java/lang/CloneNotSupportedException",
    "java/lang/RuntimeException",
    "java/lang/ArithmeticException",
    "java/lang/ArrayStoreException",
    "java/lang/ClassCastException",
    "java/lang/IllegalArgumentException",
    "java/lang/IllegalStateException",
    "java/lang/IllegalMonitorStateException",
    "java/lang/IndexOutOfBoundsException",
    "java/lang/ArrayIndexOutOfBoundsException",
    "java/lang/StringIndexOutOfBoundsException",
    "java/lang/NegativeArraySizeException",
    "java/lang/NullPointerException",
    "java/lang/NumberFormatException",
    "java/lang/SecurityException",
    "java/lang/UnsupportedOperationException",
    "java/io/Serializable",
    "java/io/IOException",
    "java/io/FileNotFoundException",
    "java/io/EOFException",
    "java/io/UncheckedIOException",
    "java/util/Collection",
    "java/util/List",
    "java/util/Set",
    "java/util/Map",
    "java/util/NoSuchElementException",
    "java/util/ConcurrentModificationException",
    "java/util/concurrent/ExecutionException",
    "java/util/concurrent/TimeoutException",
    "java/net/SocketException",
    "java/net/SocketTimeoutException",
];

/// The internal name of a class that may be named; `java.lang` may be left out.
pub(super) fn known(class: &str) -> Option<&'static str> {
    let name = match class.contains('.') {
        true => class.replace('.', "/"),
        false => format!("java/lang/{class}"),
    };
    KNOWN.iter().find(|known| **known == name).copied()
}

/// Whether a box is an instance of a class.
pub(super) fn box_is(kind: Kind, class: &str) -> bool {
    class == kind.box_name()
        || matches!(class, "java/lang/Object" | "java/lang/Comparable" | "java/io/Serializable")
        || class == "java/lang/Number" && kind.is_number()
}

/// Whether a `String` is an instance of a class.
pub(super) fn string_is(class: &str) -> bool {
    matches!(
        class,
        "java/lang/Object"
            | "java/lang/Comparable"
            | "java/io/Serializable"
            | "java/lang/CharSequence"
            | "java/lang/String"
    )
}
