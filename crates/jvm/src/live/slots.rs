//! A row of Java references that native code fills from any thread: an `Object[]`. Keeping an object in it costs some
//! 20 ns, where a global reference costs 80 and as much again to be given back.

use crate::env::{self, Env, jni};
use crate::error::Result;
use crate::probe::{Handle, Moment};
use crate::refs::{Global, Local, Ref};

/// The row. What is in it stays alive until it is replaced or the row is dropped.
pub struct Slots {
    array: Global,
    length: usize,
}

impl Slots {
    /// With so many nulls.
    pub fn new(env: &Env<'_>, length: usize) -> Result<Slots> {
        let class = env.find_class("java/lang/Object")?;
        let nulls: Vec<Option<Local<'_>>> = Vec::new();
        let array = env.new_objects_of(&class, length, &nulls)?;
        Ok(Slots { array: env.global(&array)?, length })
    }

    /// How many there are.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Puts an object into a place, or null. Does nothing beyond the end.
    #[inline]
    pub fn put(&self, at: &Moment<'_>, place: usize, object: Option<Handle<'_>>) {
        let (Some(raw), true) = (at.raw(), place < self.length) else { return };
        let Ok(index) = i32::try_from(place) else { return };
        let object = object.map_or(std::ptr::null_mut(), |object| object.raw());
        let set = env::table(raw).SetObjectArrayElement;
        // SAFETY: an `Object[]`, which takes any object, an index within it, and a live reference or null.
        unsafe { set(raw.as_ptr(), self.array.raw(), index, object) }
    }

    /// What is in a place; `None` for null and beyond the end.
    pub fn get<'f>(&self, env: &Env<'f>, place: usize) -> Result<Option<Local<'f>>> {
        env.ready()?;
        let Some(index) = i32::try_from(place).ok().filter(|_| place < self.length) else { return Ok(None) };
        // SAFETY: an array of references, and an index within it.
        let raw = unsafe { jni!(env, GetObjectArrayElement, self.array.raw(), index) };
        env.receive(raw, "GetObjectArrayElement")
    }

    /// Lets go of what is in a place.
    pub fn clear(&self, env: &Env<'_>, place: usize) -> Result<()> {
        env.ready()?;
        let Some(index) = i32::try_from(place).ok().filter(|_| place < self.length) else { return Ok(()) };
        // SAFETY: an array of references, and an index within it; null fits.
        unsafe { jni!(env, SetObjectArrayElement, self.array.raw(), index, std::ptr::null_mut()) };
        env.check("SetObjectArrayElement")
    }
}
