//! Java arrays: copied out whole or by element, never pinned (`GetPrimitiveArrayCritical` would hold up the
//! collector). Every call makes sure first that the object is an array of that type.

use crate::env::{Env, jni};
use crate::error::{Result, room};
use crate::known::{self, Known};
use crate::refs::{Class, Local, Ref};
use crate::sys::{jobject, jsize};

/// An element of a primitive array. `boolean[]` is read as bytes of 0 and 1.
pub trait Element: Copy + Default + private::Array {}

mod private {
    use super::*;

    /// The JNI functions for one type of array.
    pub trait Array: Sized {
        fn known() -> &'static Known;

        /// # Safety
        /// `array` must be one of this type with at least `length` elements, `to` must hold as many.
        unsafe fn read(env: &Env<'_>, array: jobject, length: jsize, to: *mut Self);

        /// # Safety
        /// As for `read`, in the other direction.
        unsafe fn write(env: &Env<'_>, array: jobject, length: jsize, from: *const Self);

        fn make(env: &Env<'_>, length: jsize) -> jobject;
    }
}
use private::Array;

macro_rules! elements {
    ($($type:ty, $name:literal, $shown:literal, $read:ident, $write:ident, $make:ident;)*) => {$(
        impl Array for $type {
            fn known() -> &'static Known {
                static CLASS: Known = Known::new($name, $shown);
                &CLASS
            }

            unsafe fn read(env: &Env<'_>, array: jobject, length: jsize, to: *mut Self) {
                // SAFETY: by the caller.
                unsafe { jni!(env, $read, array, 0, length, to.cast()) }
            }

            unsafe fn write(env: &Env<'_>, array: jobject, length: jsize, from: *const Self) {
                // SAFETY: by the caller.
                unsafe { jni!(env, $write, array, 0, length, from.cast()) }
            }

            fn make(env: &Env<'_>, length: jsize) -> jobject {
                // SAFETY: a plain number; a negative one or too little memory throws.
                unsafe { jni!(env, $make, length) }
            }
        }

        impl Element for $type {}
    )*};
}

elements! {
    u8, "[Z", "boolean[]", GetBooleanArrayRegion, SetBooleanArrayRegion, NewBooleanArray;
    i8, "[B", "byte[]", GetByteArrayRegion, SetByteArrayRegion, NewByteArray;
    u16, "[C", "char[]", GetCharArrayRegion, SetCharArrayRegion, NewCharArray;
    i16, "[S", "short[]", GetShortArrayRegion, SetShortArrayRegion, NewShortArray;
    i32, "[I", "int[]", GetIntArrayRegion, SetIntArrayRegion, NewIntArray;
    i64, "[J", "long[]", GetLongArrayRegion, SetLongArrayRegion, NewLongArray;
    f32, "[F", "float[]", GetFloatArrayRegion, SetFloatArrayRegion, NewFloatArray;
    f64, "[D", "double[]", GetDoubleArrayRegion, SetDoubleArrayRegion, NewDoubleArray;
}

impl<'f> Env<'f> {
    /// All elements of a primitive array: `env.elements::<i64>(&ids)`.
    pub fn elements<T: Element>(&self, array: &impl Ref) -> Result<Vec<T>> {
        T::known().expect(self, array)?;
        let length = self.length(array.raw());
        let count = usize::try_from(length).unwrap_or(0);
        let mut all: Vec<T> = room(count)?;
        all.resize(count, T::default());
        // SAFETY: the array is of this type and as long as `all`.
        unsafe { T::read(self, array.raw(), length, all.as_mut_ptr()) };
        self.check("Get<Type>ArrayRegion")?;
        Ok(all)
    }

    /// The bytes of a `byte[]`, unsigned.
    pub fn bytes(&self, array: &impl Ref) -> Result<Vec<u8>> {
        Ok(self.elements::<i8>(array)?.into_iter().map(i8::cast_unsigned).collect())
    }

    /// A new primitive array with these elements.
    pub fn new_array<T: Element>(&self, elements: &[T]) -> Result<Local<'f>> {
        self.ready()?;
        let length = i32::try_from(elements.len()).unwrap_or(i32::MAX);
        let array: Local<'f> = self.receive(T::make(self, length), "New<Type>Array")?;
        // SAFETY: the array is new, of this type and as long as `elements` (or that call has thrown).
        unsafe { T::write(self, array.raw(), length, elements.as_ptr()) };
        self.check("Set<Type>ArrayRegion")?;
        Ok(array)
    }

    /// How long an array of references is.
    pub fn object_count(&self, array: &impl Ref) -> Result<usize> {
        known::OBJECTS.expect(self, array)?;
        Ok(usize::try_from(self.length(array.raw())).unwrap_or(0))
    }

    /// One element of an array of references. Beyond its end is Java's own exception.
    pub fn object_at(&self, array: &impl Ref, index: usize) -> Result<Option<Local<'f>>> {
        known::OBJECTS.expect(self, array)?;
        let index = i32::try_from(index).unwrap_or(i32::MAX);
        // SAFETY: an array of references; a bad index throws.
        let raw = unsafe { jni!(self, GetObjectArrayElement, array.raw(), index) };
        self.receive(raw, "GetObjectArrayElement")
    }

    /// Calls `each` with every element that is not null, in order, in frames of their own.
    pub fn each_object<E, F>(&self, array: &impl Ref, mut each: F) -> Result<(), E>
    where
        E: From<crate::Error>,
        F: for<'g> FnMut(&Env<'g>, usize, Local<'g>) -> Result<(), E>,
    {
        let count = self.object_count(array)?;
        for index in 0..count {
            self.frame(16, |env| match env.object_at(array, index)? {
                Some(object) => each(env, index, object),
                None => Ok(()),
            })?;
        }
        Ok(())
    }

    /// A new array of references, `of[]`. An element of another class is Java's own exception.
    pub fn new_objects<R: Ref>(
        &self,
        of: &impl Ref<Kind = Class>,
        elements: &[Option<R>],
    ) -> Result<Local<'f>> {
        self.new_objects_of(of, elements.len(), elements)
    }

    /// The same, with so many elements, of which only the first are given; the others are null.
    pub fn new_objects_of<R: Ref>(
        &self,
        of: &impl Ref<Kind = Class>,
        length: usize,
        elements: &[Option<R>],
    ) -> Result<Local<'f>> {
        self.ready()?;
        let length = i32::try_from(length).unwrap_or(i32::MAX);
        // SAFETY: `of` is a class; too little memory throws.
        let raw = unsafe { jni!(self, NewObjectArray, length, of.raw(), std::ptr::null_mut()) };
        let array: Local<'f> = self.receive(raw, "NewObjectArray")?;
        for (index, element) in (0..length).zip(elements) {
            let Some(element) = element else { continue };
            // SAFETY: an array of references and a live one; a wrong class throws.
            unsafe { jni!(self, SetObjectArrayElement, array.raw(), index, element.raw()) };
            self.check("SetObjectArrayElement")?;
        }
        Ok(array)
    }

    /// Only for what is known to be an array.
    fn length(&self, array: jobject) -> jsize {
        // SAFETY: an array, as the callers have made sure.
        unsafe { jni!(self, GetArrayLength, array) }
    }
}
