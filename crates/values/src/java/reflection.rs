//! What classes say of themselves: asked where an expression meets a class for the first time.

use jvm::live::Nature;
use jvm::{Class, Env, Local};
use ognl::{ErrorKind, Fault, Flags, Listed, Primitive, Reflection, Standard};

use super::members::{FieldPlace, Member, MethodPlace, flags, returned, types};
use super::names::for_name;
use super::{Java, broken, too_many};
use crate::snapshot::ClassPlace;

impl Java<'_, '_> {
    /// The method of a place.
    pub(super) fn member(&self, method: MethodPlace) -> Result<&Member, Fault> {
        let facts = self.facts(method.class)?;
        let methods = facts.members.methods(self.live.env(), self.jvmti, &facts.layout);
        methods.get(method.number as usize).ok_or_else(too_many)
    }

    /// Works with the mirror of a class.
    pub(super) fn with_class<R>(
        &self,
        class: ClassPlace,
        work: impl for<'g> FnOnce(&Env<'g>, &Local<'g, Class>) -> jvm::Result<R>,
    ) -> Result<R, Fault> {
        let layout = &self.facts(class)?.layout;
        let worked = self.live.env().frame(8, |env| match layout.class(env)? {
            Some(class) => work(env, &class),
            None => Err(jvm::Error::Null { call: "a class that was unloaded".into() }),
        });
        worked.map_err(broken)
    }

    /// The place of a class that another one leads to.
    fn place_of(&self, env: &Env<'_>, class: &Local<'_, Class>) -> jvm::Result<Option<ClassPlace>> {
        Ok(self.classes.find(env.live()?, class).map(|(place, _)| place))
    }

    /// The class that a descriptor of one of its members names.
    pub(super) fn described(&self, by: ClassPlace, descriptor: &str) -> Result<ClassPlace, Fault> {
        let primitive = |letter: char| {
            let at = "ZBCSIJFD".find(letter)?;
            Primitive::ALL.get(at).map(|one| self.known.primitive(*one))
        };
        let mut letters = descriptor.chars();
        if let (Some(letter), None) = (letters.next(), letters.next()) {
            return primitive(letter).ok_or_else(too_many);
        }
        let members = &self.facts(by)?.members;
        if let Some((_, place)) = members.named.find(|(known, _)| **known == *descriptor) {
            return Ok(*place);
        }
        let name = match descriptor.strip_prefix('L').and_then(|rest| rest.strip_suffix(';')) {
            Some(name) => name.replace('/', "."),
            None => descriptor.replace('/', "."),
        };
        let element = name.trim_start_matches('[').trim_start_matches('L');
        if !self.may.evaluate && !self.facts(by)?.layout.is_boot() && !element.starts_with("java.") {
            return Err(self.not_loaded(&name));
        }
        let place = self.with_class(by, |env, class| {
            let loader = self.jvmti.class_loader(env, class)?;
            let class = for_name(env, &name, loader.as_ref())?;
            super::known::link(env, &class);
            self.place_of(env, &class)
        })?;
        let place = place.ok_or_else(too_many)?;
        members.named.keep((descriptor.into(), place));
        Ok(place)
    }

    #[cold]
    fn not_loaded(&self, name: &str) -> Fault {
        Fault::not_allowed(format!(
            "Which method is meant depends on {name}, a class of the application that might have to be loaded; \
             that needs the permission evaluate."
        ))
    }

    fn listed(&self, class: ClassPlace, wanted: impl Fn(&str) -> bool) -> Vec<Listed<MethodPlace>> {
        let Ok(facts) = self.facts(class) else { return Vec::new() };
        let methods = facts.members.methods(self.live.env(), self.jvmti, &facts.layout);
        let numbered = (0..).zip(methods).filter(|(_, member)| wanted(&member.live.name));
        numbered
            .map(|(number, member)| Listed {
                member: MethodPlace { class, number },
                name: member.live.name.to_string(),
                flags: member.flags(),
                parameters: member.parameters,
            })
            .collect()
    }
}

impl Reflection for Java<'_, '_> {
    type Class = ClassPlace;
    type Field = FieldPlace;
    type Method = MethodPlace;

    fn class_named(&self, name: &str) -> Result<Option<ClassPlace>, Fault> {
        if let Some(place) = self.names.get(name) {
            return Ok(Some(place));
        }
        // A name that the expression itself has made up.
        let found = self.live.env().frame(8, |env| {
            let class = for_name(env, name, None)?;
            super::known::link(env, &class);
            self.place_of(env, &class)
        });
        match found {
            Err(why) if why.is_thrown("java.lang.ClassNotFoundException") => Ok(None),
            found => found.map_err(broken),
        }
    }

    fn standard(&self, which: Standard) -> ClassPlace {
        self.known.standard(which)
    }

    fn primitive(&self, which: Primitive) -> ClassPlace {
        self.known.primitive(which)
    }

    fn class_name(&self, class: &ClassPlace) -> String {
        self.classes.get(*class).map_or_else(|| "?".to_owned(), |facts| facts.name().to_owned())
    }

    fn class_flags(&self, class: &ClassPlace) -> Flags {
        self.classes.get(*class).map_or(Flags(0), |facts| flags(facts.layout.modifiers))
    }

    fn as_primitive(&self, class: &ClassPlace) -> Option<Primitive> {
        self.known.as_primitive(*class)
    }

    fn superclass(&self, class: &ClassPlace) -> Option<ClassPlace> {
        let facts = self.classes.get(*class)?;
        if let Some(known) = facts.members.above.get() {
            return *known;
        }
        let above = self.with_class(*class, |env, class| match env.superclass(class)? {
            Some(above) => self.place_of(env, &above),
            None => Ok(None),
        });
        *facts.members.above.get_or_init(|| above.unwrap_or(None))
    }

    fn interfaces(&self, class: &ClassPlace) -> Vec<ClassPlace> {
        let Some(facts) = self.classes.get(*class) else { return Vec::new() };
        if let Some(known) = facts.members.interfaces.get() {
            return known.to_vec();
        }
        let found = self.with_class(*class, |env, class| {
            let mut all = Vec::new();
            for interface in self.jvmti.interfaces(env, class)? {
                all.extend(self.place_of(env, &interface)?);
            }
            Ok(all)
        });
        facts.members.interfaces.get_or_init(|| found.unwrap_or_default().into()).to_vec()
    }

    fn component(&self, class: &ClassPlace) -> Option<ClassPlace> {
        let facts = self.classes.get(*class)?;
        if !matches!(facts.layout.nature, Nature::Objects | Nature::Primitives(_)) {
            return None;
        }
        if let Some(known) = facts.members.component.get() {
            return *known;
        }
        let found = self.with_class(*class, |env, class| {
            let component: Option<Local<'_>> =
                env.call(class, "getComponentType", "()Ljava/lang/Class;", &[])?;
            match component {
                Some(component) => {
                    let component = env.as_class(component)?;
                    super::known::link(env, &component);
                    self.place_of(env, &component)
                }
                None => Ok(None),
            }
        });
        *facts.members.component.get_or_init(|| found.unwrap_or(None))
    }

    fn array_of(&self, component: &ClassPlace) -> Result<ClassPlace, Fault> {
        let place = self.with_class(*component, |env, component| {
            let array = super::convert::new_array(env, component, 0)?;
            self.place_of(env, &env.class_of(&array)?)
        })?;
        place.ok_or_else(too_many)
    }

    fn is_assignable(&self, to: &ClassPlace, from: &ClassPlace) -> bool {
        if to == from {
            return true;
        }
        let Some(facts) = self.classes.get(*from) else { return false };
        if let Some((_, known)) = facts.members.assignable.find(|(class, _)| class == to) {
            return *known;
        }
        let Some(target) = self.classes.get(*to) else { return false };
        let asked = self.with_class(*from, |env, from| match target.layout.class(env)? {
            Some(to) => env.is_assignable(from, &to),
            None => Ok(false),
        });
        let Ok(answer) = asked else { return false };
        facts.members.assignable.keep((*to, answer));
        answer
    }

    fn fields(&self, class: &ClassPlace) -> Vec<Listed<FieldPlace>> {
        let Some(facts) = self.classes.get(*class) else { return Vec::new() };
        let own = facts.layout.fields.iter().enumerate().take_while(|(_, field)| field.level == 0);
        own.map(|(place, field)| Listed {
            member: FieldPlace { class: *class, place },
            name: field.name.to_string(),
            flags: flags(field.modifiers),
            parameters: 0,
        })
        .collect()
    }

    fn methods(&self, class: &ClassPlace) -> Vec<Listed<MethodPlace>> {
        self.listed(*class, |name| name != "<init>")
    }

    fn constructors(&self, class: &ClassPlace) -> Vec<Listed<MethodPlace>> {
        self.listed(*class, |name| name == "<init>")
    }

    fn parameters(&self, method: &MethodPlace) -> Result<Vec<ClassPlace>, Fault> {
        let descriptor = &self.member(*method)?.live.descriptor;
        types(descriptor).map(|one| self.described(method.class, one)).collect()
    }

    fn returned(&self, method: &MethodPlace) -> Result<Option<ClassPlace>, Fault> {
        let member = self.member(*method)?;
        match returned(&member.live.descriptor) {
            "V" => Ok(None),
            other => self.described(method.class, other).map(Some),
        }
    }

    fn field_type(&self, field: &FieldPlace) -> Result<ClassPlace, Fault> {
        let facts = self.facts(field.class)?;
        match facts.layout.fields.get(field.place) {
            Some(found) => self.described(field.class, &found.descriptor),
            None => Err(Fault::missing(ErrorKind::NoSuchField)),
        }
    }
}
