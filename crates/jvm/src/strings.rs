//! Java strings, read and made as UTF-16, which is what they are: an emoji is two units and comes out whole,
//! half a pair comes out as U+FFFD. (JNI's own UTF functions speak modified UTF-8 and would spoil both.)

use crate::env::{Env, jni};
use crate::error::{Error, Result, room};
use crate::known;
use crate::live::LiveString;
use crate::refs::{Local, Ref};

impl<'f> Env<'f> {
    /// The text of a `java.lang.String`.
    pub fn string(&self, of: &impl Ref) -> Result<String> {
        self.string_prefix(of, usize::MAX).map(|(text, _)| text)
    }

    /// At most `units` UTF-16 units of a `java.lang.String`, and how many it has in all.
    pub fn string_prefix(&self, of: &impl Ref, units: usize) -> Result<(String, usize)> {
        known::STRING.expect(self, of)?;
        // SAFETY: `of` is a String.
        unsafe { self.units(of, units) }
    }

    /// As [`string_prefix`](Env::string_prefix), and an exception is never described.
    ///
    /// # Safety
    /// `of` must be a `java.lang.String`.
    pub(crate) unsafe fn units(&self, of: &impl Ref, units: usize) -> Result<(String, usize)> {
        self.ready()?;
        // SAFETY: by the caller.
        let length = unsafe { jni!(self, GetStringLength, of.raw()) };
        let all = usize::try_from(length).unwrap_or(0);
        let wanted = all.min(units);
        let mut text: Vec<u16> = room(wanted)?;
        text.resize(wanted, 0);
        let count = i32::try_from(wanted).unwrap_or(length);
        // SAFETY: the range lies in the string, and `text` has `count` units.
        unsafe { jni!(self, GetStringRegion, of.raw(), 0, count, text.as_mut_ptr()) };
        // SAFETY: always legal.
        if unsafe { jni!(self, ExceptionCheck) } {
            self.clear();
            return Err(Error::Null { call: "GetStringRegion".into() });
        }
        Ok((String::from_utf16_lossy(&text), all))
    }

    /// A new `java.lang.String`.
    pub fn new_string(&self, text: &str) -> Result<Local<'f>> {
        self.ready()?;
        let units: Vec<u16> = text.encode_utf16().collect();
        let length = i32::try_from(units.len()).unwrap_or(i32::MAX);
        // SAFETY: `units` has `length` units (a longer text cannot be a Java string and is cut).
        let raw = unsafe { jni!(self, NewString, units.as_ptr(), length) };
        self.receive(raw, "NewString")
    }

    /// A new `java.lang.String` of these units.
    pub fn new_units(&self, units: &[u16]) -> Result<LiveString<'f>> {
        self.ready()?;
        let length = i32::try_from(units.len()).map_err(|_| Error::NoMemory { wanted: units.len() })?;
        // SAFETY: `units` has `length` units.
        let raw = unsafe { jni!(self, NewString, units.as_ptr(), length) };
        Ok(LiveString::new(self.receive(raw, "NewString")?))
    }
}
