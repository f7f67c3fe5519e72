//! What the evaluator asks of classes: names, ancestry and the members they declare.
//!
//! These questions are asked where a site meets a class for the first time, never on the hot path: answers
//! may be slow and may allocate. The rules of OGNL (which member a name means, which overload fits) are
//! functions of this crate over this trait, so that every implementation follows the same ones.

use crate::Fault;

/// Classes and their members, as handles that are cheap to clone.
pub trait Reflection {
    /// A class, interface, array class or primitive type. Equal handles are the same class.
    type Class: Clone + PartialEq;
    /// A field.
    type Field: Clone;
    /// A method or a constructor.
    type Method: Clone;

    /// The class of this binary name, such as `java.util.Map$Entry`; none where there is none. Primitive
    /// types and OGNL's `java.lang.` are not asked for here.
    ///
    /// # Errors
    /// The class is there and cannot be used, or may not be loaded.
    fn class_named(&self, name: &str) -> Result<Option<Self::Class>, Fault>;

    /// A class that every JVM has.
    fn standard(&self, which: Standard) -> Self::Class;

    /// `int` and the like.
    fn primitive(&self, which: Primitive) -> Self::Class;

    /// The name as `Class.getName` gives it.
    fn class_name(&self, class: &Self::Class) -> String;

    /// Its modifiers.
    fn class_flags(&self, class: &Self::Class) -> Flags;

    /// Which primitive type it is, if it is one.
    fn as_primitive(&self, class: &Self::Class) -> Option<Primitive>;

    /// The class above; none for `Object`, interfaces and primitive types.
    fn superclass(&self, class: &Self::Class) -> Option<Self::Class>;

    /// The interfaces it names itself, in its order.
    fn interfaces(&self, class: &Self::Class) -> Vec<Self::Class>;

    /// What an array class has as elements.
    fn component(&self, class: &Self::Class) -> Option<Self::Class>;

    /// The class of arrays with such elements.
    ///
    /// # Errors
    /// The JVM cannot make it.
    fn array_of(&self, component: &Self::Class) -> Result<Self::Class, Fault>;

    /// `to.isAssignableFrom(from)`
    fn is_assignable(&self, to: &Self::Class, from: &Self::Class) -> bool;

    /// The fields that the class itself declares.
    fn fields(&self, class: &Self::Class) -> Vec<Listed<Self::Field>>;

    /// The methods that the class itself declares, in an order that is always the same; neither constructors
    /// nor initialisers.
    fn methods(&self, class: &Self::Class) -> Vec<Listed<Self::Method>>;

    /// The constructors.
    fn constructors(&self, class: &Self::Class) -> Vec<Listed<Self::Method>>;

    /// The parameters of a method or constructor.
    ///
    /// # Errors
    /// A class among them cannot be found.
    fn parameters(&self, method: &Self::Method) -> Result<Vec<Self::Class>, Fault>;

    /// What a method returns; none for `void` and constructors.
    ///
    /// # Errors
    /// The class cannot be found.
    fn returned(&self, method: &Self::Method) -> Result<Option<Self::Class>, Fault>;

    /// The declared type of a field.
    ///
    /// # Errors
    /// The class cannot be found.
    fn field_type(&self, field: &Self::Field) -> Result<Self::Class, Fault>;
}

/// A member as its class lists it, without what has to be looked up.
#[derive(Debug, Clone)]
pub struct Listed<M> {
    /// The member.
    pub member: M,
    /// Its name.
    pub name: String,
    /// Its modifiers.
    pub flags: Flags,
    /// How many parameters it has; 0 for a field.
    pub parameters: usize,
}

/// Access flags of classes, fields and methods, with the JVM's own bits (JVMS tables 4.1-B, 4.5-A, 4.6-A).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(pub u16);

impl Flags {
    /// `public`
    pub const PUBLIC: Flags = Flags(0x0001);
    /// `private`
    pub const PRIVATE: Flags = Flags(0x0002);
    /// `static`
    pub const STATIC: Flags = Flags(0x0008);
    /// `final`
    pub const FINAL: Flags = Flags(0x0010);
    /// Of a method: made by the compiler to bridge generic types.
    pub const BRIDGE: Flags = Flags(0x0040);
    /// Of a method: takes any number of last arguments.
    pub const VARARGS: Flags = Flags(0x0080);
    /// Of a class: an interface.
    pub const INTERFACE: Flags = Flags(0x0200);
    /// `abstract`
    pub const ABSTRACT: Flags = Flags(0x0400);
    /// Made by the compiler.
    pub const SYNTHETIC: Flags = Flags(0x1000);
    /// Of a class: an enum.
    pub const ENUM: Flags = Flags(0x4000);

    /// Whether all of these are set.
    pub fn has(self, flags: Flags) -> bool {
        self.0 & flags.0 == flags.0
    }
}

impl std::ops::BitOr for Flags {
    type Output = Flags;

    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

/// The primitive types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the types'")]
pub enum Primitive {
    Boolean,
    Byte,
    Char,
    Short,
    Int,
    Long,
    Float,
    Double,
}

impl Primitive {
    /// All of them.
    pub const ALL: [Primitive; 8] = [
        Primitive::Boolean,
        Primitive::Byte,
        Primitive::Char,
        Primitive::Short,
        Primitive::Int,
        Primitive::Long,
        Primitive::Float,
        Primitive::Double,
    ];

    /// The type's name in Java.
    pub fn name(self) -> &'static str {
        match self {
            Primitive::Boolean => "boolean",
            Primitive::Byte => "byte",
            Primitive::Char => "char",
            Primitive::Short => "short",
            Primitive::Int => "int",
            Primitive::Long => "long",
            Primitive::Float => "float",
            Primitive::Double => "double",
        }
    }

    /// The class that boxes it.
    pub fn boxed(self) -> Standard {
        match self {
            Primitive::Boolean => Standard::Boolean,
            Primitive::Byte => Standard::Byte,
            Primitive::Char => Standard::Character,
            Primitive::Short => Standard::Short,
            Primitive::Int => Standard::Integer,
            Primitive::Long => Standard::Long,
            Primitive::Float => Standard::Float,
            Primitive::Double => Standard::Double,
        }
    }

    /// How many bytes an element of an array takes.
    pub fn size(self) -> usize {
        match self {
            Primitive::Boolean | Primitive::Byte => 1,
            Primitive::Char | Primitive::Short => 2,
            Primitive::Int | Primitive::Float => 4,
            Primitive::Long | Primitive::Double => 8,
        }
    }
}

/// Classes that the rules speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the classes'")]
pub enum Standard {
    Object,
    Class,
    String,
    Number,
    Comparable,
    Enum,
    Boolean,
    Byte,
    Character,
    Short,
    Integer,
    Long,
    Float,
    Double,
    BigInteger,
    BigDecimal,
    Collection,
    List,
    Set,
    Map,
    Iterator,
    Enumeration,
    ArrayList,
    LinkedHashMap,
}

impl Standard {
    /// The class's name.
    pub fn name(self) -> &'static str {
        match self {
            Standard::Object => "java.lang.Object",
            Standard::Class => "java.lang.Class",
            Standard::String => "java.lang.String",
            Standard::Number => "java.lang.Number",
            Standard::Comparable => "java.lang.Comparable",
            Standard::Enum => "java.lang.Enum",
            Standard::Boolean => "java.lang.Boolean",
            Standard::Byte => "java.lang.Byte",
            Standard::Character => "java.lang.Character",
            Standard::Short => "java.lang.Short",
            Standard::Integer => "java.lang.Integer",
            Standard::Long => "java.lang.Long",
            Standard::Float => "java.lang.Float",
            Standard::Double => "java.lang.Double",
            Standard::BigInteger => "java.math.BigInteger",
            Standard::BigDecimal => "java.math.BigDecimal",
            Standard::Collection => "java.util.Collection",
            Standard::List => "java.util.List",
            Standard::Set => "java.util.Set",
            Standard::Map => "java.util.Map",
            Standard::Iterator => "java.util.Iterator",
            Standard::Enumeration => "java.util.Enumeration",
            Standard::ArrayList => "java.util.ArrayList",
            Standard::LinkedHashMap => "java.util.LinkedHashMap",
        }
    }
}

/// The class that a name of an expression means: a primitive type, the class of that name, or, where the name
/// has no dot, the one in `java.lang`.
///
/// # Errors
/// As [`Reflection::class_named`].
pub fn find_class<R: Reflection + ?Sized>(reflection: &R, name: &str) -> Result<Option<R::Class>, Fault> {
    if let Some(primitive) = Primitive::ALL.into_iter().find(|primitive| primitive.name() == name) {
        return Ok(Some(reflection.primitive(primitive)));
    }
    let found = reflection.class_named(name)?;
    match found {
        None if !name.contains('.') => reflection.class_named(&format!("java.lang.{name}")),
        found => Ok(found),
    }
}
