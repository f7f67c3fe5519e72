//! Which field a number in `jvmtiHeapReferenceInfoField` means: all fields of all interfaces are counted first, then
//! those of the classes, from `Object` down, each in the order of `GetClassFields`.

use std::ptr;

use crate::buf::{self, Buf};
use crate::env::Env;
use crate::error::{Result, room};
use crate::jvmti::{Jvmti, jvmti};
use crate::refs::{Class, Local, Ref};
use crate::sys::jfieldID;

impl Jvmti {
    /// The class that declares the field with this number in a class or interface, and the field's name; `None` where
    /// there is none or the class is not yet prepared.
    pub fn reference_field<'f>(
        &self,
        env: &Env<'f>,
        class: &impl Ref<Kind = Class>,
        number: i32,
    ) -> Result<Option<(Local<'f, Class>, String)>> {
        let mut lineage = self.lineage(env, class)?;
        let Some(mut left) = usize::try_from(number)
            .ok()
            .and_then(|number| number.checked_sub(self.inherited(env, &lineage).ok()?))
        else {
            return Ok(None);
        };
        while let Some(class) = lineage.pop() {
            let fields = self.field_ids(&class)?;
            match fields.get(left) {
                Some(field) => {
                    let name = self.field_name(&class, *field)?;
                    return Ok(Some((class, name)));
                }
                None => left -= fields.len(),
            }
        }
        Ok(None)
    }

    /// The number that the field of this name has, which a class far up declares; the class is the lineage's last.
    pub(super) fn field_number(
        &self,
        env: &Env<'_>,
        class: &impl Ref<Kind = Class>,
        declared_by: &impl Ref<Kind = Class>,
        name: &str,
    ) -> Result<Option<i32>> {
        let mut lineage = self.lineage(env, class)?;
        let mut number = self.inherited(env, &lineage)?;
        while let Some(class) = lineage.pop() {
            for field in self.field_ids(&class)? {
                if env.is_same(&class, declared_by) && self.field_name(&class, field)? == name {
                    return Ok(i32::try_from(number).ok());
                }
                number += 1;
            }
        }
        Ok(None)
    }

    /// The class and those it extends, `Object` last.
    fn lineage<'f>(&self, env: &Env<'f>, class: &impl Ref<Kind = Class>) -> Result<Vec<Local<'f, Class>>> {
        let mut all = vec![env.local(class)?];
        while let Some(last) = all.last()
            && let Some(above) = env.superclass(last)?
        {
            all.push(above);
        }
        Ok(all)
    }

    /// How many fields all interfaces have that these implement or extend, each counted once.
    fn inherited<'f>(&self, env: &Env<'f>, lineage: &[Local<'f, Class>]) -> Result<usize> {
        let mut all: Vec<Local<'f, Class>> = Vec::new();
        for class in lineage {
            all.extend(self.interfaces(env, class)?);
        }
        let (mut at, mut count) = (0, 0);
        while let Some(interface) = all.get(at) {
            let is_known = all.iter().take(at).any(|known| env.is_same(known, interface));
            if !is_known {
                count += self.field_ids(interface)?.len();
                let above = self.interfaces(env, interface)?;
                all.extend(above);
            }
            at += 1;
        }
        Ok(count)
    }

    fn field_ids(&self, class: &impl Ref<Kind = Class>) -> Result<Vec<jfieldID>> {
        let (mut count, mut fields) = (0, ptr::null_mut());
        // SAFETY: a live reference to a class, and both are ours for the call.
        unsafe { jvmti!(self, GetClassFields, class.raw(), &mut count, &mut fields) }?;
        // SAFETY: allocated by the call, `count` of them.
        let fields = unsafe { Buf::new(self, fields, count) };
        let mut all = room(fields.slice().len())?;
        all.extend_from_slice(fields.slice());
        Ok(all)
    }

    fn field_name(&self, class: &impl Ref<Kind = Class>, field: jfieldID) -> Result<String> {
        let mut name = ptr::null_mut();
        // SAFETY: a field of this class, which the caller holds; the types are not asked for.
        unsafe {
            jvmti!(self, GetFieldName, class.raw(), field, &mut name, ptr::null_mut(), ptr::null_mut())
        }?;
        // SAFETY: a C string allocated by the call and given back once.
        Ok(unsafe { buf::text(self, name) }.unwrap_or_default())
    }
}
