//! What to weave: the methods, the parts that each gets, and the class that is called.

use std::collections::BTreeSet;
use std::ops::{BitOr, BitOrAssign};
use std::sync::Arc;

use crate::classfile::{ClassFile, Malformed};

/// What to do to one class.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The class that is called.
    pub helper: Helper,
    /// The methods to weave; where one is named twice, the first counts.
    pub methods: Vec<Method>,
}

/// One method to weave.
#[derive(Debug, Clone)]
pub struct Method {
    /// Its name, modified UTF-8.
    pub name: Vec<u8>,
    /// Its descriptor.
    pub descriptor: Vec<u8>,
    /// The number by which the helpers know it.
    pub id: i32,
    /// What it gets.
    pub parts: Parts,
    /// The lines that are told with [`Parts::LINES`]; none named means every line. Those that the
    /// method does not have are passed over.
    pub lines: BTreeSet<u16>,
}

/// What woven code tells, as a set of bits. Entry and exit are always told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Parts(u8);

impl Parts {
    /// Entry, exit and what is thrown: always.
    pub const ENTRY_EXIT: Parts = Parts(0);
    /// Receiver, arguments and result with entry and exit.
    pub const VALUES: Parts = Parts(1);
    /// Calls of methods whose class is not of `java.*`.
    pub const CALLS: Parts = Parts(1 << 1);
    /// Calls of any method but those of the boxes (`Integer.valueOf` and the like). Contains
    /// [`Parts::CALLS`].
    pub const ALL_CALLS: Parts = Parts(1 << 1 | 1 << 2);
    /// The lines of [`Method::lines`], with receiver, arguments and local variables as they are known there.
    pub const LINES: Parts = Parts(1 << 3);
    /// With normal exits also what arguments were at the entry, where the method stores something else into them.
    /// Contains [`Parts::VALUES`].
    pub const ENTERED: Parts = Parts(1 << 4 | 1);

    /// These and those of `other`; what `|` does, for constants.
    pub const fn and(self, other: Parts) -> Parts {
        Parts(self.0 | other.0)
    }

    /// Whether all of `other` is in it.
    pub const fn contains(self, other: Parts) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Parts {
    type Output = Parts;

    fn bitor(self, other: Parts) -> Parts {
        self.and(other)
    }
}

impl BitOrAssign for Parts {
    fn bitor_assign(&mut self, other: Parts) {
        *self = self.and(other);
    }
}

/// The class whose static methods the woven code calls. They must never throw: what they threw would
/// reach the application. `A` and `J` with their numbers are the [value shapes](crate::Shape).
///
/// | method | descriptor |
/// |---|---|
/// | `enter` | `(I)J`: id; gives the token of this call |
/// | `exit` | `(IJ)V`: id, token |
/// | `thrown` | `(Ljava/lang/Throwable;IJ)V`: what leaves the method, id, token |
/// | `enterA1J2` | `(I` objects, longs `)J` |
/// | `exitA1J2` | `(JLjava/lang/Object;IJ` objects, longs `)V`: result as raw bits or as object, id, token |
/// | `thrownA1J2` | `(Ljava/lang/Throwable;IJ` objects, longs `)V` |
/// | `before`, `after` | `(JII)V`: token, id, number of the site |
/// | `caught` | `(JI)V`: token, id, at the start of each of the method's own handlers |
/// | `lineA1J2` | `(JII` objects, longs `)V`: token, id, the pc of the line before weaving |
#[derive(Debug, Clone)]
pub struct Helper {
    /// Internal name, visible from the class that is woven: `java/oxprobe/Spy_<hash>`.
    pub class: Vec<u8>,
    /// Names and descriptors of its static methods: a helper that is missing would be a
    /// `NoSuchMethodError` in the application. `None` when all that is asked for will be there.
    methods: Option<Arc<BTreeSet<Signature>>>,
}

/// Name and descriptor.
type Signature = (Vec<u8>, Vec<u8>);

impl Helper {
    /// A helper class that will have every method that is asked for.
    pub fn complete(class: &str) -> Self {
        Helper { class: class.as_bytes().to_vec(), methods: None }
    }

    /// The helper class that these bytes define; methods that it lacks are never called.
    pub fn from_class_file(bytes: &[u8]) -> Result<Self, Malformed> {
        let class = ClassFile::read(bytes)?;
        let public_static = class.methods.iter().filter(|method| method.flags & 0x0009 == 0x0009);
        let methods = public_static.map(|method| (method.name.to_vec(), method.descriptor.to_vec()));
        Ok(Helper { class: class.name.to_vec(), methods: Some(Arc::new(methods.collect())) })
    }

    /// Whether it has this method.
    pub fn has(&self, name: &[u8], descriptor: &[u8]) -> bool {
        self.methods.as_ref().is_none_or(|known| known.contains(&(name.to_vec(), descriptor.to_vec())))
    }
}
