//! What goes wrong while an expression is evaluated: the kinds, and the sentences about them.

use std::ops::Range;

/// An expression that could not be evaluated. The caller draws the carets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvalError {
    /// The part at fault, in bytes of the expression.
    pub at: Range<usize>,
    /// What sort of failure it is.
    pub kind: ErrorKind,
    /// What happened, why, and what to do.
    pub message: String,
}

/// The sorts of failures. Where Java threw, the class of the exception is told by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// Neither a getter nor a field has this name.
    NoSuchProperty,
    /// No method or constructor has this name and takes such arguments.
    NoSuchMethod,
    /// The class has no such static field.
    NoSuchField,
    /// No class has this name.
    NoSuchClass,
    /// A property of null was asked for.
    NullSource,
    /// A getter threw.
    PropertyFailed(String),
    /// A method or a constructor threw.
    MethodFailed(String),
    /// Java code that was called on the way threw, such as a list's `get` or an object's `toString`.
    Thrown(String),
    /// What stands before the `=` cannot be assigned to.
    Inappropriate,
    /// A text was to be evaluated and is no expression.
    Syntax,
    /// A null where a value is needed.
    NullPointer,
    /// A text is no number.
    NumberFormat,
    /// A value is of the wrong class.
    ClassCast,
    /// A division by zero, or another failure of arithmetic.
    Arithmetic,
    /// No element has this index.
    IndexOutOfBounds,
    /// An array cannot have fewer than no elements.
    NegativeArraySize,
    /// Values that cannot be compared or converted.
    IllegalArgument,
    /// The expression assigns, and `strict` is on.
    Strict,
    /// What would be called may not be called.
    NotAllowed,
    /// It takes too many steps or too much memory.
    OutOfFuel,
    /// It is nested too deeply.
    TooDeep,
    /// The JVM failed in a way that has nothing to do with the expression.
    Broken,
}

impl ErrorKind {
    /// The kind of an exception that reaches the expression as it is: those that OGNL itself throws have
    /// kinds of their own, whoever threw them.
    pub fn of_exception(class: &str) -> ErrorKind {
        match class {
            "java.lang.NullPointerException" => ErrorKind::NullPointer,
            "java.lang.NumberFormatException" => ErrorKind::NumberFormat,
            "java.lang.ClassCastException" => ErrorKind::ClassCast,
            "java.lang.ArithmeticException" => ErrorKind::Arithmetic,
            "java.lang.IndexOutOfBoundsException"
            | "java.lang.ArrayIndexOutOfBoundsException"
            | "java.lang.StringIndexOutOfBoundsException" => ErrorKind::IndexOutOfBounds,
            "java.lang.NegativeArraySizeException" => ErrorKind::NegativeArraySize,
            "java.lang.IllegalArgumentException" => ErrorKind::IllegalArgument,
            _ => ErrorKind::Thrown(class.to_owned()),
        }
    }
}

/// A failure whose place in the expression is not known yet: what an [`Access`](crate::Access) answers. It is
/// one pointer, so that results stay small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault(Box<Told>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    kind: ErrorKind,
    message: String,
    /// What the exception said, where Java threw.
    thrown: Option<Exception>,
    /// The classes of the arguments, where no method takes them.
    arguments: Vec<String>,
}

/// An exception, as far as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exception {
    pub(crate) class: String,
    pub(crate) message: Option<String>,
}

impl Exception {
    /// `java.lang.IllegalStateException: closed`
    pub(crate) fn shown(&self) -> String {
        match &self.message {
            Some(message) if !message.is_empty() => format!("{}: {}", self.class, message),
            _ => self.class.clone(),
        }
    }
}

impl Fault {
    /// A failure that is told in full.
    #[cold]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Fault {
        Fault(Box::new(Told { kind, message: message.into(), thrown: None, arguments: Vec::new() }))
    }

    /// Java threw an exception of this class. Who called says what it means.
    #[cold]
    pub fn thrown(class: &str, message: Option<String>) -> Fault {
        let thrown = Exception { class: class.to_owned(), message };
        let shown = format!("Java threw {}.", thrown.shown());
        Fault(Box::new(Told {
            kind: ErrorKind::of_exception(class),
            message: shown,
            thrown: Some(thrown),
            arguments: Vec::new(),
        }))
    }

    /// What would be called may not be called: a sentence that says what, why, and how it would be allowed.
    #[cold]
    pub fn not_allowed(sentence: impl Into<String>) -> Fault {
        Fault::new(ErrorKind::NotAllowed, sentence)
    }

    /// There is no such member. The evaluator looks for what is there and says it.
    #[cold]
    pub fn missing(kind: ErrorKind) -> Fault {
        Fault::new(kind, String::new())
    }

    /// No method takes arguments of these classes.
    #[cold]
    pub(crate) fn no_method(arguments: Vec<String>) -> Fault {
        let mut fault = Fault::missing(ErrorKind::NoSuchMethod);
        fault.0.arguments = arguments;
        fault
    }

    /// What sort of failure it is.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    pub(crate) fn arguments(&self) -> &[String] {
        &self.0.arguments
    }

    /// The sentence; empty where the evaluator is to write it.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    pub(crate) fn exception(&self) -> Option<&Exception> {
        self.0.thrown.as_ref()
    }

    /// The same failure at a place.
    #[cold]
    pub(crate) fn at(self, at: Range<usize>) -> Failed {
        let Told { kind, message, .. } = *self.0;
        Box::new(EvalError { at, kind, message })
    }
}

/// An [`EvalError`] on its way up: one pointer.
pub(crate) type Failed = Box<EvalError>;
