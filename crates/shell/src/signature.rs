//! What a command declares about itself: one declaration feeds parser, help, completion, schemas
//! and documentation.

/// A command's declaration, made by `#[derive(Args)]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signature {
    /// What the user types.
    pub name: &'static str,
    /// Other words for the same command.
    pub aliases: &'static [&'static str],
    /// Where `help` lists it.
    pub group: Group,
    /// One line.
    pub summary: &'static str,
    /// What there is to say beyond the summary; paragraphs end in line feeds.
    pub description: &'static str,
    /// Command lines that work as they stand.
    pub examples: &'static [&'static str],
    /// The options, in the order of help.
    pub options: &'static [Opt],
    /// The positional arguments.
    pub arguments: &'static [Arg],
    /// What a user must be allowed to run it.
    pub permission: Permission,
    /// Left out of `help` and of completion.
    pub hidden: bool,
    /// The keys `q` and `Q` end it while it runs in a terminal.
    pub ends_on_q: bool,
}

/// A heading of `help`, in the order of `help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The console itself.
    Shell,
    /// The JVM and its environment.
    System,
    /// Threads.
    Thread,
    /// Heap and collections.
    Memory,
    /// Loaded classes.
    Class,
    /// Calls of methods.
    Method,
}

impl Group {
    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Shell => "Shell",
            Self::System => "System",
            Self::Thread => "Threads",
            Self::Memory => "Memory",
            Self::Class => "Classes",
            Self::Method => "Methods",
        }
    }
}

/// What a user must be allowed, from harmless to dangerous.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Read what costs nothing.
    View,
    /// Sample where time and memory go.
    Profile,
    /// See arguments and results of the application's calls.
    Observe,
    /// Run expressions inside the application.
    Evaluate,
    /// Change the application.
    Mutate,
    /// Take data out of the JVM in bulk.
    Dump,
    /// Govern the agent.
    Admin,
}

impl Permission {
    /// All of them, from harmless to dangerous.
    pub const ALL: [Self; 7] =
        [Self::View, Self::Profile, Self::Observe, Self::Evaluate, Self::Mutate, Self::Dump, Self::Admin];

    /// As users write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Profile => "profile",
            Self::Observe => "observe",
            Self::Evaluate => "evaluate",
            Self::Mutate => "mutate",
            Self::Dump => "dump",
            Self::Admin => "admin",
        }
    }
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions(u8);

impl Permissions {
    /// Everything.
    pub const ALL: Self = Self(0x7F);

    /// Nothing.
    pub const NONE: Self = Self(0);

    /// What changes nothing: view, profile and observe.
    pub const READ_ONLY: Self =
        Self(1 << Permission::View as u8 | 1 << Permission::Profile as u8 | 1 << Permission::Observe as u8);

    /// Those of these names; the names that are none come back.
    pub fn named<'n>(names: impl IntoIterator<Item = &'n str>) -> (Self, Vec<&'n str>) {
        let (mut set, mut unknown) = (0, Vec::new());
        for name in names {
            match Permission::ALL.into_iter().find(|one| one.name() == name) {
                Some(one) => set |= 1 << one as u8,
                None => unknown.push(name),
            }
        }
        (Self(set), unknown)
    }

    /// Those that are in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether this one is in it.
    pub fn has(self, one: Permission) -> bool {
        self.0 & (1 << one as u8) != 0
    }
}

/// An option.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Opt {
    /// The letter after `-`.
    pub short: Option<char>,
    /// The word after `--`.
    pub long: &'static str,
    /// What its value is; `None` for a flag.
    pub shape: Option<Shape>,
    /// What help calls the value, where the shape's own label says too little.
    pub label: Option<&'static str>,
    /// Must be given.
    pub required: bool,
    /// May be given several times.
    pub many: bool,
    /// The value where it is not given.
    pub default: Option<&'static str>,
    /// One line.
    pub help: &'static str,
}

impl Opt {
    /// No option: what an array of them is made of before it is filled.
    pub(crate) const NONE: Self = Self {
        short: None,
        long: "",
        shape: None,
        label: None,
        required: false,
        many: false,
        default: None,
        help: "",
    };

    /// What help calls the value; `None` for a flag.
    pub fn value_label(&self) -> Option<&'static str> {
        self.shape.map(|shape| self.label.unwrap_or_else(|| shape.label()))
    }
}

/// A positional argument.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arg {
    /// What help calls it.
    pub name: &'static str,
    /// What it is.
    pub shape: Shape,
    /// Must be given.
    pub required: bool,
    /// Takes all words that are left.
    pub many: bool,
    /// The value where it is not given.
    pub default: Option<&'static str>,
    /// One line.
    pub help: &'static str,
}

/// What a value is. The type of the field says it (see [`crate::Value`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// One of these.
    Choice(&'static [&'static str]),
    /// A pattern over class names.
    Class,
    /// A pattern over method names.
    Method,
    /// An expression over the application's objects.
    Expression,
    /// A path in the JVM's file system.
    File,
    /// The name of a command.
    Command,
    /// The key of a system property.
    SystemProperty,
    /// The name of an environment variable.
    Environment,
    /// The id of a thread.
    Thread,
    /// A switch of the `options` command.
    Switch,
    /// An option of the JVM.
    VmOption,
    /// A pattern over the names of management beans.
    Bean,
    /// A pattern over the attributes of the beans that stand before.
    BeanAttribute,
}

impl Shape {
    /// What help calls such a value.
    pub fn label(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer | Self::Number => "n",
            Self::Boolean => "true|false",
            Self::Choice(_) => "value",
            Self::Class => "class-pattern",
            Self::Method => "method-pattern",
            Self::Expression => "expression",
            Self::File => "file",
            Self::Command => "command",
            Self::SystemProperty => "key",
            Self::Environment => "name",
            Self::Thread => "thread-id",
            Self::Switch | Self::VmOption => "name",
            Self::Bean => "name-pattern",
            Self::BeanAttribute => "attribute-pattern",
        }
    }
}
