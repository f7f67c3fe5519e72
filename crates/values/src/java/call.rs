//! Calling methods: only those that may be called, with stack left for it, and with our probes silent meanwhile.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use jvm::live::Got;
use jvm::{Local, inside, stack_room};
use ognl::{
    Access, Call, ErrorKind, Fault, Flags, Kind, Reflection, argument_classes, find_constructor, find_method,
    find_static_method,
};

use super::convert::argument;
use super::harmless::{is_harmless, takes_anything};
use super::members::{Found, Member, MethodPlace, Way, returned};
use super::{Java, Site, Thing, Value, broken, too_many};
use crate::kind;
use crate::lengthy::is_lengthy;
use crate::snapshot::ClassPlace;

/// So much of the stack must be left before Java code is called: it gets a `StackOverflowError` where it needs more.
const STACK: usize = 64 << 10;

impl<'f> Java<'_, 'f> {
    /// `on.name(arguments)`
    pub(super) fn invoke_method(
        &self,
        site: &Site,
        on: &Thing<'f>,
        name: &str,
        arguments: Vec<Value<'f>>,
    ) -> Result<Value<'f>, Fault> {
        if let Some(answer) = self.container_call(on, name, &arguments)? {
            return Ok(answer);
        }
        let (facts, instance) = self.instance(on, &site.class)?;
        let class = self.class_place(on)?;
        // Without arguments a method that takes any number of them may be meant, too.
        if arguments.is_empty() && facts.members.variable.find(|known| **known == *name).is_none() {
            let found;
            let way = match facts.members.nullary.find(|(known, _)| **known == *name) {
                Some((_, way)) => way,
                None => {
                    let call = find_method(self, &class, name, &[])?;
                    if self.member(call.method)?.parameters > 0 {
                        facts.members.variable.keep(name.into());
                        let arguments = call.arguments(self, arguments)?;
                        return self.call_method(call.method, Some(on), arguments);
                    }
                    found = match self.getter_way(facts, call.method)? {
                        _ if self.hides(name) => Way::Secret,
                        Some(way) => way,
                        None => Way::Other(ognl::Property::Getter(call.method, call.flags)),
                    };
                    facts.members.nullary.keep((name.into(), found.clone()));
                    &found
                }
            };
            return self.go(way, on, facts, &instance, name);
        }
        let classes = argument_classes(self, &arguments)?;
        let call = self.found(class, name, false, &classes, || find_method(self, &class, name, &classes))?;
        let arguments = call.arguments(self, arguments)?;
        let on = if call.flags.has(Flags::STATIC) { None } else { Some(on) };
        self.call_method(call.method, on, arguments)
    }

    /// `@class@name(arguments)`
    pub(super) fn invoke_static_method(
        &self,
        class: ClassPlace,
        name: &str,
        arguments: Vec<Value<'f>>,
    ) -> Result<Value<'f>, Fault> {
        let classes = argument_classes(self, &arguments)?;
        let find = || find_static_method(self, &class, name, &classes);
        let call = self.found(class, name, true, &classes, find)?;
        let arguments = call.arguments(self, arguments)?;
        self.call_method(call.method, None, arguments)
    }

    /// `new class(arguments)`
    pub(super) fn make(&self, class: ClassPlace, arguments: Vec<Value<'f>>) -> Result<Thing<'f>, Fault> {
        let classes = argument_classes(self, &arguments)?;
        let call =
            self.found(class, "<init>", true, &classes, || find_constructor(self, &class, &classes))?;
        let arguments = call.arguments(self, arguments)?;
        self.construct(&call.method, arguments)
    }

    /// What a call means, remembered with the class.
    fn found(
        &self,
        class: ClassPlace,
        name: &str,
        is_static: bool,
        arguments: &[Option<ClassPlace>],
        find: impl FnOnce() -> Result<Call<ClassPlace, MethodPlace>, Fault>,
    ) -> Result<Arc<Call<ClassPlace, MethodPlace>>, Fault> {
        let calls = &self.facts(class)?.members.calls;
        let is_meant = |known: &Found| {
            *known.name == *name && known.is_static == is_static && *known.arguments == *arguments
        };
        if let Some(known) = calls.find(is_meant) {
            return Ok(known.call.clone());
        }
        let call = Arc::new(find()?);
        calls.keep(Found { name: name.into(), is_static, arguments: arguments.into(), call: call.clone() });
        Ok(call)
    }

    /// Calls a method that was found; the arguments are of its parameters' classes.
    pub(super) fn call_method(
        &self,
        method: MethodPlace,
        on: Option<&Thing<'f>>,
        arguments: Vec<Value<'f>>,
    ) -> Result<Value<'f>, Fault> {
        let member = self.member(method)?;
        self.may_call(method, member, on, &arguments)?;
        if self.gives_secret(member, &arguments)? {
            return self.hidden();
        }
        let facts = self.facts(method.class)?;
        if member.live.is_static() {
            self.initialised(facts, 0)?;
        }
        let got = self.called(member, &arguments, |arguments| match on {
            Some(on) if !member.live.is_static() => member.live.call(self.live.env(), on.local(), arguments),
            _ => member.live.call_static(self.live.env(), arguments),
        })?;
        self.value(got, member.may_box)
    }

    /// Calls a constructor that was found.
    pub(super) fn call_constructor(
        &self,
        constructor: MethodPlace,
        arguments: &[Value<'f>],
    ) -> Result<Thing<'f>, Fault> {
        let member = self.member(constructor)?;
        self.may_call(constructor, member, None, arguments)?;
        let made = self.called(member, arguments, |arguments| {
            member.live.construct(self.live.env(), arguments).map(|made| Got::Object(Some(made)))
        })?;
        match self.value(made, true)? {
            Value::Object(thing) => Ok(thing),
            // A box that was made stays one as long as nobody opens it.
            other => match self.boxed_local(&other)? {
                Some(boxed) => Ok(Thing::other(boxed)),
                None => Err(too_many()),
            },
        }
    }

    /// Hands the arguments over as JNI wants them.
    fn called(
        &self,
        member: &Member,
        arguments: &[Value<'f>],
        call: impl FnOnce(&[jvm::Value<'_>]) -> jvm::Result<Got<'f>>,
    ) -> Result<Got<'f>, Fault> {
        if stack_room::left() < STACK {
            return Err(Fault::new(
                ErrorKind::TooDeep,
                format!("{} was not called: the thread has little stack left.", member.live.name),
            ));
        }
        if arguments.is_empty() {
            let _muted = inside::mute(self.live.env());
            return call(&[]).map_err(broken);
        }
        let mut boxes: Vec<Option<Local<'f>>> = Vec::with_capacity(arguments.len());
        for (value, descriptor) in arguments.iter().zip(&member.types) {
            let is_reference = descriptor.starts_with(['L', '[']);
            let is_scalar = !matches!(value, Value::Null | Value::Object(_));
            boxes.push(if is_reference && is_scalar { self.boxed_local(value)? } else { None });
        }
        let words: Vec<jvm::Value<'_>> =
            arguments.iter().zip(&boxes).map(|(value, boxed)| argument(value, boxed.as_ref())).collect();
        let _muted = inside::mute(self.live.env());
        call(&words).map_err(broken)
    }

    /// Whether the user may have this called.
    fn may_call(
        &self,
        method: MethodPlace,
        member: &Member,
        on: Option<&Thing<'f>>,
        arguments: &[Value<'f>],
    ) -> Result<(), Fault> {
        if self.may.evaluate {
            return Ok(());
        }
        let facts = self.facts(method.class)?;
        let name = &*member.live.name;
        let class = facts.name();
        let known = || facts.layout.is_boot() && is_harmless(class, name);
        let mut harmless = *member.harmless.get_or_init(known);
        if name == "toString" && class == "java.lang.Object" {
            harmless = match on {
                Some(on) => !self.overrides(self.class_place(on)?, "hashCode", "()I")?,
                None => false,
            };
        }
        if let Some(on) = on
            && name == "toString"
            && harmless
        {
            let last = AtomicU32::new(0);
            let (facts, instance) = self.instance(on, &last)?;
            harmless = !is_lengthy(self.classes, self.live, facts, &instance);
        }
        if harmless && !arguments.is_empty() && !takes_anything(class, name) {
            for argument in arguments {
                harmless &= match argument {
                    Value::Object(thing) => self.is_inert(thing)?,
                    _ => true,
                };
            }
        }
        if harmless { Ok(()) } else { Err(self.not_allowed(class, name)) }
    }

    #[cold]
    pub(super) fn not_allowed(&self, class: &str, name: &str) -> Fault {
        let what = match name {
            "<init>" => format!("new {class}(..)"),
            _ => format!("{class}.{name}(..)"),
        };
        Fault::not_allowed(format!(
            "{what} would run code in the application, which needs the permission evaluate: read fields instead, or \
             ask for the permission."
        ))
    }

    /// Whether nothing of the application runs, and not for long, when the JDK asks this object for its text, hash or order.
    pub(super) fn is_inert(&self, thing: &Thing<'f>) -> Result<bool, Fault> {
        if thing.as_text().is_some() {
            return Ok(true);
        }
        let place = self.class_place(thing)?;
        let facts = self.facts(place)?;
        if facts.kind == kind::Kind::Harmless {
            let last = AtomicU32::new(0);
            let (facts, instance) = self.instance(thing, &last)?;
            return Ok(!is_lengthy(self.classes, self.live, facts, &instance));
        }
        Ok(match facts.kind {
            kind::Kind::String | kind::Kind::Class | kind::Kind::Box(_) | kind::Kind::Primitives(_) => true,
            kind::Kind::Enum => !self.overrides(place, "toString", "()Ljava/lang/String;")?,
            _ => matches!(self.kind_of(place)?, Kind::BigInteger | Kind::BigDecimal),
        })
    }

    /// Whether a class or one above it, `Object` and `Enum` aside, has a method of its own.
    pub(super) fn overrides(&self, class: ClassPlace, name: &str, descriptor: &str) -> Result<bool, Fault> {
        let mut at = Some(class);
        while let Some(class) = at {
            let facts = self.facts(class)?;
            if matches!(facts.name(), "java.lang.Object" | "java.lang.Enum") {
                break;
            }
            let methods = facts.members.methods(self.live.env(), self.jvmti, &facts.layout);
            let is_meant =
                |member: &Member| *member.live.name == *name && *member.live.descriptor == *descriptor;
            if methods.iter().any(is_meant) {
                return Ok(true);
            }
            at = self.superclass(&class);
        }
        Ok(false)
    }

    /// Whether what a call returns is kept secret: by the method's name, or by that of what is asked for.
    fn gives_secret(&self, member: &Member, arguments: &[Value<'f>]) -> Result<bool, Fault> {
        let name = &*member.live.name;
        let hides = || returned(&member.live.descriptor) != "V" && self.hides(name);
        if *member.secret.get_or_init(hides) {
            return Ok(true);
        }
        if arguments.is_empty() || !name.starts_with("get") {
            return Ok(false);
        }
        for argument in arguments {
            if let Value::Object(thing) = argument
                && self.is_secret_name(thing)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a text is a name of what is kept secret.
    pub(super) fn is_secret_name(&self, thing: &Thing<'f>) -> Result<bool, Fault> {
        if self.kind(thing)? != Kind::Text {
            return Ok(false);
        }
        let mut hides = false;
        self.text(thing, &mut |units| hides = self.classes.redaction().hides_units(units))?;
        Ok(hides)
    }
}
