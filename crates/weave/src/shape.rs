//! The few forms in which values are passed to the helper class.
//!
//! A form for each combination of argument types would be thousands of helper methods. There are ten:
//! so many objects, then so many longs.

use crate::descriptor::Erased;

/// So many objects, then so many longs: a value shape. Receiver and arguments are passed in the order
/// of the parameters, objects first, `boolean` to `int` widened, `float` and `double` as their raw
/// bits. What is left is filled up with `null` and 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    /// How many objects; the receiver is the first, unless the method is static.
    pub objects: u8,
    /// How many longs.
    pub longs: u8,
}

impl Shape {
    /// All of them; a method gets the first into which its values fit.
    pub const ALL: [Shape; 10] = {
        const fn shape(objects: u8, longs: u8) -> Shape {
            Shape { objects, longs }
        }
        [
            shape(1, 0),
            shape(1, 1),
            shape(2, 0),
            shape(2, 1),
            shape(1, 2),
            shape(3, 0),
            shape(3, 2),
            shape(4, 4),
            shape(8, 8),
            shape(16, 16),
        ]
    };

    /// The largest.
    const LARGEST: Shape = Shape { objects: 16, longs: 16 };

    /// The shape for these values, and whether some of them find no place in it.
    pub(crate) fn of<'a>(values: impl Iterator<Item = Erased<'a>>) -> (Shape, bool) {
        let (mut objects, mut longs) = (0_usize, 0_usize);
        for value in values {
            match value {
                Erased::Object(_) => objects += 1,
                _ => longs += 1,
            }
        }
        let fits = |shape: &&Shape| objects <= shape.objects.into() && longs <= shape.longs.into();
        match Shape::ALL.iter().find(fits) {
            Some(shape) => (*shape, false),
            None => (Shape::LARGEST, true),
        }
    }

    /// The end of the names of the helper methods that take it: `A1J2`.
    pub fn suffix(self) -> String {
        format!("A{}J{}", self.objects, self.longs)
    }

    /// Its part of their descriptors.
    pub fn descriptor(self) -> String {
        "Ljava/lang/Object;".repeat(self.objects.into()) + &"J".repeat(self.longs.into())
    }
}
