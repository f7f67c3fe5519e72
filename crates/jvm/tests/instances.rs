//! Reading live objects by the layouts of their classes, on each JDK.
#![expect(clippy::panic, reason = "a test fails by panicking")]

mod machine;

use jvm::live::{Got, Layout, LiveString, Nature};
use jvm::{Env, Local, Result, Value};
use machine::machine;

fn layout(env: &Env<'_>, object: &Local<'_>) -> Result<Layout> {
    Layout::of(env, &machine().environment.jvmti, &env.class_of(object)?)
}

fn field(layout: &Layout, name: &str) -> usize {
    layout.fields.iter().position(|field| &*field.name == name).unwrap_or_else(|| panic!("no {name}"))
}

/// `new ArrayList(Arrays.asList(texts))`.
fn list<'f>(env: &Env<'f>, texts: &[&str]) -> Result<Local<'f>> {
    let class = env.find_class("java/util/ArrayList")?;
    let list = env.new_object(&class, "(I)V", &[10.into()])?;
    for text in texts {
        let text = env.new_string(text)?;
        env.call::<bool>(&list, "add", "(Ljava/lang/Object;)Z", &[(&text).into()])?;
    }
    Ok(list)
}

fn text(env: &Env<'_>, string: &LiveString<'_>) -> Result<String> {
    let mut units = Vec::new();
    string.units(env.live()?, 0, usize::MAX, &mut units);
    Ok(String::from_utf16_lossy(&units))
}

#[test]
fn an_object_is_read_field_by_field_and_element_by_element() {
    machine().run(|env| {
        let list = list(env, &["one", "zwei €", "😀"])?;
        let layout = layout(env, &list)?;
        assert_eq!(
            (layout.name(), layout.nature, layout.is_boot()),
            ("java.util.ArrayList", Nature::Plain, true)
        );
        let lineage: Vec<&str> = layout.lineage.iter().map(|level| &*level.name).collect();
        assert_eq!(
            lineage[1..],
            ["java.util.AbstractList", "java.util.AbstractCollection", "java.lang.Object"]
        );
        assert!(layout.interfaces.iter().any(|name| &**name == "java.util.Collection"));

        let live = env.live()?;
        let instance = layout.instance(live, &list).unwrap();
        assert_eq!(instance.int(field(&layout, "size")), Some(3));
        assert!(matches!(instance.get(live, field(&layout, "size")), Some(Got::Int(3))));
        let Some(Got::Object(Some(elements))) = instance.get(live, field(&layout, "elementData")) else {
            panic!("no array")
        };
        let of_elements = self::layout(env, &elements)?;
        assert_eq!(of_elements.nature, Nature::Objects);
        let array = of_elements.instance(live, &elements).unwrap();
        assert_eq!(array.array_length(), Some(10));
        let texts: Vec<String> = (0..3)
            .map(|index| {
                let element = array.element(live, index).unwrap();
                let layout = self::layout(env, &element).unwrap();
                let string = layout.instance(live, &element).unwrap().as_string(live).unwrap();
                text(env, &string).unwrap()
            })
            .collect();
        assert_eq!(texts, ["one", "zwei €", "😀"]);
        assert!(array.element(live, 3).is_none(), "null");
        assert!(array.element(live, 10).is_none(), "beyond the end");
        Ok(())
    });
}

#[test]
fn an_object_of_another_class_is_no_instance() {
    machine().run(|env| {
        let list = list(env, &[])?;
        let layout = layout(env, &list)?;
        let other = env.new_object(&env.find_class("java/lang/Object")?, "()V", &[])?;
        assert!(layout.instance(env.live()?, &other).is_none());
        let class = env.find_class("java/util/Properties")?;
        let below = env.new_object(&class, "()V", &[])?;
        let above = Layout::of(env, &machine().environment.jvmti, &env.find_class("java/util/Hashtable")?)?;
        assert!(above.instance(env.live()?, &below).is_none(), "a subclass may have other fields");
        Ok(())
    });
}

#[test]
fn fields_of_all_kinds_are_read_with_statics_apart() {
    machine().run(|env| {
        let live = env.live()?;
        let text = env.new_string("text")?;
        let thrown = env.new_object(
            &env.find_class("java/lang/IllegalStateException")?,
            "(Ljava/lang/String;)V",
            &[Value::of(&text)],
        )?;
        let of_thrown = layout(env, &thrown)?;
        let instance = of_thrown.instance(live, &thrown).unwrap();
        let message = field(&of_thrown, "detailMessage");
        let Some(Got::String(Some(message))) = instance.get(live, message) else { panic!("no message") };
        assert_eq!((message.length(live), self::text(env, &message)?), (4, "text".to_owned()));
        let mut part = vec![0];
        assert_eq!(message.units(live, 2, 100, &mut part), 2);
        assert_eq!(part, [0, u16::from(b'x'), u16::from(b't')]);
        let serial = field(&of_thrown, "serialVersionUID");
        assert!(instance.get(live, serial).is_none(), "a static field is not the object's");
        let own = env.get_static::<i64>(&env.class_of(&thrown)?, "serialVersionUID", "J")?;
        assert!(matches!(of_thrown.get_static(live, serial), Some(Got::Long(number)) if number == own));
        assert!(of_thrown.get_static(live, field(&of_thrown, "detailMessage")).is_none());
        Ok(())
    });
}

#[test]
fn primitive_arrays_come_as_words() {
    machine().run(|env| {
        let live = env.live()?;
        let words = |array: &Local<'_>, from, count| {
            let layout = layout(env, array).unwrap();
            layout.instance(live, array).unwrap().words(live, from, count).unwrap()
        };
        assert_eq!(words(&env.new_array(&[i32::MIN, 7])?, 0, 9), [i64::from(i32::MIN), 7]);
        assert_eq!(words(&env.new_array(&[-1_i8, 2, 3])?, 1, 1), [2]);
        assert_eq!(words(&env.new_array(&[1_u8, 0])?, 0, 2), [1, 0]);
        assert_eq!(words(&env.new_array(&[0.5_f64])?, 0, 1), [0.5_f64.to_bits().cast_signed()]);
        assert_eq!(words(&env.new_array(&[u16::MAX])?, 5, 1), [0_i64; 0]);
        Ok(())
    });
}

#[test]
fn every_jdk_is_content() {
    machine::on_every_jdk();
}
