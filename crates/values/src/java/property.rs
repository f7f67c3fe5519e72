//! What a name means to the objects of a class, found once and remembered with the class. HOT.

use jvm::live::Instance;
use ognl::{ErrorKind, Fault, Property, PropertyOf, find_property, read};

use super::convert::{argument, may_box};
use super::getter::Reads;
use super::members::{FieldPlace, MethodPlace, Way};
use super::{Java, Site, Thing, Value, too_many};
use crate::copier::{Copier, Limits};
use crate::facts::{ClassFacts, is_value};
use crate::kind::Kind;
use crate::snapshot::ClassPlace;

impl<'f> Java<'_, 'f> {
    /// `of.name`
    pub(super) fn read_property(&self, site: &Site, of: &Thing<'f>, name: &str) -> Result<Value<'f>, Fault> {
        let (facts, instance) = self.instance(of, &site.class)?;
        let found;
        let way = match facts.members.ways.find(|(known, _)| **known == *name) {
            Some((_, way)) => way,
            None => {
                found = self.find_way(of, facts, name)?;
                facts.members.ways.keep((name.into(), found.clone()));
                &found
            }
        };
        self.go(way, of, facts, &instance, name)
    }

    /// Reads what was found.
    #[inline]
    pub(super) fn go(
        &self,
        way: &Way,
        of: &Thing<'f>,
        facts: &ClassFacts,
        instance: &Instance<'_>,
        name: &str,
    ) -> Result<Value<'f>, Fault> {
        if facts.pair_key.is_some() && is_value(name) && self.is_secret_pair(facts, instance) {
            return self.hidden();
        }
        match way {
            Way::Field(place, may_box) => match instance.get(self.live, *place) {
                Some(got) => self.value(got, *may_box),
                None => self.static_value(facts, *place),
            },
            Way::Secret => self.hidden(),
            Way::Other(property) => read(self, of, name, property),
        }
    }

    /// Whether an object is a pair of a name and a value that is kept secret.
    #[cold]
    fn is_secret_pair(&self, facts: &ClassFacts, instance: &Instance<'_>) -> bool {
        Copier::new(self.live, self.classes, Limits::default()).is_secret_pair(facts, instance)
    }

    #[cold]
    fn find_way(&self, of: &Thing<'f>, facts: &ClassFacts, name: &str) -> Result<Way, Fault> {
        let class = self.class_place(of)?;
        let found: PropertyOf<Self> = find_property(self, &class, self.kind_of(class)?, name);
        let is_value = matches!(found, Property::Getter(..) | Property::Field(_) | Property::Entry);
        if is_value && self.hides(name) {
            return Ok(Way::Secret);
        }
        Ok(match found {
            Property::Field(field) => match self.place_in(facts, field) {
                Some(place) => self.field_way(facts, place),
                None => Way::Other(Property::Missing),
            },
            Property::Getter(method, flags) => match self.getter_way(facts, method)? {
                Some(way) => way,
                None => Way::Other(Property::Getter(method, flags)),
            },
            other => Way::Other(other),
        })
    }

    /// A method without parameters as the field that it reads, if it does nothing else.
    #[cold]
    pub(super) fn getter_way(&self, facts: &ClassFacts, method: MethodPlace) -> Result<Option<Way>, Fault> {
        let member = self.member(method)?;
        let declaring = self.facts(method.class)?;
        if facts.kind == Kind::Throwable && declaring.name() == "java.lang.Throwable" {
            // `getCause` waits for a monitor that the application may hold.
            let field = match &*member.live.name {
                "getCause" => "cause",
                "getMessage" => "detailMessage",
                _ => "",
            };
            let place = facts.layout.fields.iter().rposition(|known| &*known.name == field);
            if let Some(place) = place {
                return Ok(Some(self.field_way(facts, place)));
            }
        }
        let reads = member
            .reads
            .get_or_init(|| Reads::of(self.live.env(), self.jvmti, &member.live, &declaring.layout));
        let Some(reads) = reads else { return Ok(None) };
        if self.hides(&reads.field) {
            return Ok(Some(Way::Secret));
        }
        let level = facts.layout.lineage.len().saturating_sub(declaring.layout.lineage.len());
        let is_meant = |field: &jvm::live::LiveField| {
            field.level >= level
                && !field.is_static()
                && *field.name == *reads.field
                && *field.descriptor == *reads.descriptor
        };
        let place = facts.layout.fields.iter().position(is_meant);
        Ok(place.map(|place| self.field_way(facts, place)))
    }

    fn field_way(&self, facts: &ClassFacts, place: usize) -> Way {
        let descriptor = facts.layout.fields.get(place).map_or("", |field| &*field.descriptor);
        Way::Field(place, may_box(descriptor))
    }

    /// The place of a field in the layout of a class that is the declaring one or below it.
    pub(super) fn place_in(&self, facts: &ClassFacts, field: FieldPlace) -> Option<usize> {
        let declaring = self.classes.get(field.class)?;
        let level = facts.layout.lineage.len().checked_sub(declaring.layout.lineage.len())?;
        let first = facts.layout.fields.iter().position(|known| known.level == level)?;
        let place = first + field.place;
        let (own, its) = (facts.layout.fields.get(place)?, declaring.layout.fields.get(field.place)?);
        (own.level == level && own.name == its.name).then_some(place)
    }

    /// What a field holds; `of` is none for a static one.
    pub(super) fn read_field(&self, field: FieldPlace, of: Option<&Thing<'f>>) -> Result<Value<'f>, Fault> {
        let declaring = self.facts(field.class)?;
        let known =
            declaring.layout.fields.get(field.place).ok_or_else(|| Fault::missing(ErrorKind::NoSuchField))?;
        if self.hides(&known.name) {
            return self.hidden();
        }
        match of {
            Some(of) if !known.is_static() => {
                let last = std::sync::atomic::AtomicU32::new(0);
                let (facts, instance) = self.instance(of, &last)?;
                let got = self.place_in(facts, field).and_then(|place| instance.get(self.live, place));
                self.value(got.ok_or_else(too_many)?, may_box(&known.descriptor))
            }
            _ => self.static_value(declaring, field.place),
        }
    }

    /// Writes a field; the value is of its type already.
    pub(super) fn write_field(
        &self,
        field: FieldPlace,
        of: Option<&Thing<'f>>,
        value: &Value<'f>,
    ) -> Result<(), Fault> {
        let declaring = self.facts(field.class)?;
        let known = declaring.layout.fields.get(field.place);
        let known = known.ok_or_else(|| Fault::missing(ErrorKind::NoSuchField))?;
        if !self.may.evaluate {
            return Err(Fault::not_allowed(format!("Writing {} needs the permission evaluate.", known.name)));
        }
        let boxed = match value {
            Value::Object(_) | Value::Null => None,
            scalar if known.descriptor.len() > 1 => self.boxed_local(scalar)?,
            _ => None,
        };
        let word = argument(value, boxed.as_ref());
        let env = self.live.env();
        let set = match of {
            Some(of) if !known.is_static() => env.set(of.local(), &known.name, &known.descriptor, word),
            _ => match declaring.layout.class(env).map_err(super::broken)? {
                Some(class) => env.set_static(&class, &known.name, &known.descriptor, word),
                None => return Err(too_many()),
            },
        };
        set.map_err(super::broken)
    }

    /// What a static field holds.
    #[cold]
    fn static_value(&self, facts: &ClassFacts, place: usize) -> Result<Value<'f>, Fault> {
        let field = facts.layout.fields.get(place).ok_or_else(too_many)?;
        self.initialised(facts, field.level)?;
        let got = facts.layout.get_static(self.live, place).ok_or_else(too_many)?;
        self.value(got, may_box(&field.descriptor))
    }

    /// Sees to it that the class that declares something static has set it.
    #[cold]
    pub(super) fn initialised(&self, facts: &ClassFacts, level: usize) -> Result<(), Fault> {
        if level == 0 && facts.members.initialised.get().is_some() {
            return Ok(());
        }
        let name = facts.layout.lineage.get(level).map_or("?", |level| &level.name).to_owned();
        let status = self.live.env().frame(4, |env| match facts.layout.class_at(env, level)? {
            Some(class) => self.jvmti.class_status(&class),
            None => Err(jvm::Error::Null { call: "a class that was unloaded".into() }),
        });
        if !status.map_err(super::broken)?.is_initialized() {
            if !self.may.evaluate {
                return Err(Fault::not_allowed(format!(
                    "{name} has not been used by the application yet; initialising it needs the permission evaluate."
                )));
            }
            let _muted = jvm::inside::mute(self.live.env());
            let initialised = self.live.env().frame(8, |env| {
                let Some(class) = facts.layout.class_at(env, level)? else { return Ok(()) };
                let of = env.find_class("java/lang/Class")?;
                let loader = self.jvmti.class_loader(env, &class)?;
                let text = env.new_string(&name)?;
                let arguments =
                    [jvm::Value::of(&text), jvm::Value::Bool(true), jvm::Value::of_option(loader.as_ref())];
                let descriptor = "(Ljava/lang/String;ZLjava/lang/ClassLoader;)Ljava/lang/Class;";
                env.call_static::<jvm::Local<'_>>(&of, "forName", descriptor, &arguments).map(drop)
            });
            initialised.map_err(super::broken)?;
        }
        if level == 0 {
            let _ = facts.members.initialised.set(());
        }
        Ok(())
    }

    /// What the objects of a class are to OGNL.
    pub(super) fn kind_of(&self, class: ClassPlace) -> Result<ognl::Kind, Fault> {
        let facts = self.facts(class)?;
        Ok(*facts.members.kind.get_or_init(|| ognl::Kind::of(self, &class)))
    }
}
