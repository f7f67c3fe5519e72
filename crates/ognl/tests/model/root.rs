//! The root and the static fields: what shop.Root.make() makes in Java.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use ognl::{Kind, Primitive, Standard, Value};

use super::classes::{Classes, Type};
use super::{Body, Cost, Model, Obj, V, dup};

impl Model {
    /// A model with the classes of the table.
    pub fn new() -> Model {
        Model::with(Model::read(include_str!("../classes.txt")))
    }

    /// The classes, which models can share.
    pub fn read(table: &str) -> Rc<Classes> {
        let mut classes = Classes::read(table);
        classes.remember(&[
            Standard::Object,
            Standard::String,
            Standard::Class,
            Standard::Number,
            Standard::Comparable,
            Standard::Enum,
            Standard::Collection,
            Standard::List,
            Standard::Set,
            Standard::Map,
            Standard::Iterator,
            Standard::Enumeration,
            Standard::BigInteger,
            Standard::BigDecimal,
            Standard::ArrayList,
            Standard::LinkedHashMap,
            Standard::Integer,
        ]);
        let model = Model {
            classes: Rc::new(classes),
            statics: RefCell::default(),
            class_objects: RefCell::default(),
            cost: Cost::default(),
            only_reads: false,
            levels: Cell::new(0),
            is_overflown: Cell::new(false),
        };
        let all = 0..model.classes.count();
        let kinds: HashMap<u32, Kind> =
            all.map(|index| (index, Kind::of(&model, &Type::Named(index)))).collect();
        let mut classes = Rc::into_inner(model.classes).unwrap();
        classes.kinds = kinds;
        Rc::new(classes)
    }

    /// A model whose static fields are fresh.
    pub fn with(classes: Rc<Classes>) -> Model {
        let model = Model {
            classes,
            statics: RefCell::default(),
            class_objects: RefCell::default(),
            cost: Cost::default(),
            only_reads: false,
            levels: Cell::new(0),
            is_overflown: Cell::new(false),
        };
        let set = |class: &str, name: &str, value: V| {
            let index = model.classes.find(class).unwrap();
            model.statics.borrow_mut().set(index, name, value);
        };
        let constants = [("BASIC", 0), ("SILVER", 5), ("GOLD", 10)];
        for (ordinal, (name, percent)) in (0..).zip(constants) {
            let class = if name == "GOLD" { "shop.Level$1" } else { "shop.Level" };
            let made = model.constant(class, name, ordinal);
            model.set_field(&made, "shop.Level", "percent", Value::Int(percent));
            set("shop.Level", name, Value::Object(made));
        }
        for (ordinal, name) in (0..).zip(["RED", "GREEN"]) {
            set("shop.Color", name, Value::Object(model.constant("shop.Color", name, ordinal)));
        }
        set("shop.Order", "PREFIX", model.text("ORD-"));
        set("shop.Order", "count", Value::Int(7));
        set("shop.Order", "token", model.text("s3cret"));
        let steps = (1..=3).map(Value::Long).collect();
        set("shop.Order", "STEPS", model.array(Type::Primitive(Primitive::Long), steps));
        set("shop.Order$Line", "WIDTH", Value::Int(80));
        set("shop.Priced", "LIMIT", Value::Int(1000));
        set("shop.Money", "ZERO", model.money(0, model.text("EUR")));
        set("shop.Money", "made", Value::Int(3));
        set("shop.Root", "hiddenCount", Value::Int(11));
        set("shop.Root", "SHARED", model.text("shared"));
        set("shop.Names", "shared", model.text("field shared"));
        set("shop.Names", "got", model.text("field got"));
        set("java.lang.Integer", "MAX_VALUE", Value::Int(i32::MAX));
        set("java.lang.Integer", "MIN_VALUE", Value::Int(i32::MIN));
        set("java.lang.Long", "MAX_VALUE", Value::Long(i64::MAX));
        set("java.lang.Math", "PI", Value::Double(std::f64::consts::PI));
        set("java.lang.Boolean", "TRUE", Value::Boolean(true));
        set("java.lang.Character", "MAX_VALUE", Value::Character(u16::MAX));
        set("java.lang.Double", "NaN", Value::Double(f64::NAN));
        set("java.lang.Double", "MAX_VALUE", Value::Double(f64::MAX));
        model
    }

    fn constant(&self, class: &str, name: &str, ordinal: i32) -> Rc<Obj> {
        let made = self.plain(class);
        // These are private in the JDK, so that the table does not list them.
        self.set_field(&made, "java.lang.Enum", "name", self.text(name));
        self.set_field(&made, "java.lang.Enum", "ordinal", Value::Int(ordinal));
        made
    }

    pub fn order(&self, class: &str, items: V) -> Rc<Obj> {
        let made = self.plain(class);
        let set = |name: &str, value: V| self.set_field(&made, "shop.Order", name, value);
        set("id", Value::Int(17));
        set("status", self.text("open"));
        set("weight", Value::Double(1.25));
        set("level", self.static_value("shop.Level", "GOLD"));
        set("fixed", self.text("fixed"));
        set("items", items);
        set("customer", self.text("field"));
        set("paid", Value::Boolean(true));
        set("total", self.money(1999, self.text("EUR")));
        set("slots", self.strings(&["left", "middle", "right"]));
        let attributes = vec![(self.text("color"), self.text("red")), (self.text("size"), Value::Int(12))];
        set("attributes", self.map("java.util.LinkedHashMap", attributes));
        set("URL", self.text("http://x"));
        set("aField", self.text("a"));
        set("version", Value::Long(3));
        if class == "shop.Express" {
            self.set_field(&made, class, "id", Value::Int(99));
            self.set_field(&made, class, "hours", Value::Int(24));
        }
        made
    }
}

/// A fresh root.
pub fn make(model: &Model) -> Rc<Obj> {
    let root = model.plain("shop.Root");
    let set = |name: &str, value: V| {
        assert!(
            matches!(&root.body, Body::Plain(fields) if fields.borrow().iter().any(|(_, known, _)| known == name)),
            "{name}"
        );
        model.set_field(&root, "shop.Root", name, value);
    };
    let text = |text: &str| model.text(text);
    let scalars = [
        ("yes", Value::Boolean(true)),
        ("b", Value::Byte(7)),
        ("s", Value::Short(300)),
        ("c", Value::Character('x' as u16)),
        ("i", Value::Int(42)),
        ("l", Value::Long(5_000_000_000)),
        ("f", Value::Float(1.5)),
        ("d", Value::Double(2.5)),
        ("boxedYes", Value::Boolean(true)),
        ("boxedByte", Value::Byte(-3)),
        ("boxedShort", Value::Short(12)),
        ("boxedChar", Value::Character('y' as u16)),
        ("boxedInt", Value::Int(5)),
        ("boxedLong", Value::Long(6)),
        ("boxedFloat", Value::Float(0.5)),
        ("boxedDouble", Value::Double(4.0)),
        ("big", model.big(123_456_789_012_345_678_901_234_567_890)),
        ("smallBig", model.big(42)),
        ("price", model.decimal(1990, 2)),
        ("sameprice", model.decimal(199, 1)),
        ("name", text("Ada")),
        ("empty", text("")),
        ("number", text(" 12 ")),
        ("word", text("banana")),
        ("emoji", text("a😀b")),
        ("lone", model.units(&[0xd83d, 'x' as u16])),
        ("umlaut", text("Größe")),
        ("level", model.static_value("shop.Level", "GOLD")),
        ("silver", model.static_value("shop.Level", "SILVER")),
        ("color", model.static_value("shop.Color", "RED")),
        ("money", model.money(1999, text("EUR"))),
        ("sameMoney", model.money(1999, text("EUR"))),
        ("more", model.money(2500, text("EUR"))),
        ("odd", Value::Object(model.plain("shop.Odd"))),
        ("secret", text("root secret")),
    ];
    for (name, value) in scalars {
        set(name, value);
    }
    let boxed = model.plain("shop.Box");
    model.set_field(&boxed, "shop.Box", "value", Value::Int(8));
    set("box", Value::Object(boxed));
    set("overs", Value::Object(model.plain("shop.Over")));
    set("names", model.named("shop.Names"));
    set("below", model.named("shop.Below"));
    arrays(model, &set);
    collections(model, &root, &set);
    root
}

fn arrays(model: &Model, set: &dyn Fn(&str, V)) {
    let of = |primitive, values| model.array(Type::Primitive(primitive), values);
    let objects = |values| model.array(model.classes.standard(Standard::Object), values);
    let ints = |values: &[i32]| of(Primitive::Int, values.iter().copied().map(Value::Int).collect());
    set("plain", objects(vec![]));
    set("booleans", of(Primitive::Boolean, vec![Value::Boolean(true), Value::Boolean(false)]));
    set("bytes", of(Primitive::Byte, vec![Value::Byte(1), Value::Byte(-1)]));
    set("shorts", of(Primitive::Short, vec![Value::Short(10), Value::Short(20)]));
    set("chars", of(Primitive::Char, "hi".encode_utf16().map(Value::Character).collect()));
    set("ints", ints(&[10, 20, 30]));
    set("noInts", ints(&[]));
    set("longs", of(Primitive::Long, vec![Value::Long(1), Value::Long(2)]));
    set("floats", of(Primitive::Float, vec![Value::Float(0.5), Value::Float(1.5)]));
    set("doubles", of(Primitive::Double, vec![Value::Double(0.25), Value::Double(0.75)]));
    set("strings", model.strings(&["a", "b", "c"]));
    set("objects", objects(vec![Value::Int(1), model.text("one"), Value::Null]));
    let row = Type::Array(Box::new(Type::Primitive(Primitive::Int)));
    set("grid", model.array(row, vec![ints(&[1, 2]), ints(&[3, 4])]));
}

fn collections(model: &Model, root: &Rc<Obj>, set: &dyn Fn(&str, V)) {
    let text = |text: &str| model.text(text);
    let item = |name: &str, price, rating, tags: &[&str]| {
        let tags = tags.iter().map(|tag| text(tag)).collect();
        model.item(text(name), Value::Int(price), rating, tags).unwrap()
    };
    let pen = item("pen", 3, Value::Int(4), &["blue", "thin"]);
    let paper = item("paper", 12, Value::Null, &[]);
    let lamp = item("lamp", 80, Value::Int(5), &["blue"]);
    if let Value::Object(pen) = &pen {
        model.set_field(pen, "shop.Item", "next", dup(&paper));
    }
    set("item", dup(&pen));
    set("shelf", model.array(model.classes.named("shop.Item"), vec![dup(&pen), dup(&lamp)]));
    let items = model.array_list(vec![pen, paper, lamp]);
    set("items", dup(&items));
    set("order", Value::Object(model.order("shop.Order", dup(&items))));
    set("express", Value::Object(model.order("shop.Express", items)));
    let mixed = [
        Value::Int(1),
        text("two"),
        Value::Long(3),
        Value::Null,
        Value::Character('c' as u16),
        Value::Double(2.5),
    ];
    set("mixed", model.array_list(mixed.into()));
    let numbers = model.array_list([3, 1, 2].map(Value::Int).into());
    set("numbers", dup(&numbers));
    set("emptyList", model.array_list(vec![]));
    let map = "java.util.LinkedHashMap";
    let inner = model.map(map, vec![(text("deep"), text("down"))]);
    let pairs = vec![
        (text("one"), Value::Int(1)),
        (text("two"), Value::Long(2)),
        (text("text"), text("value")),
        (text("none"), Value::Null),
        (text("list"), numbers),
        (text("inner"), inner),
    ];
    set("map", model.map(map, pairs));
    let keyed = vec![
        (Value::Int(1), text("int one")),
        (Value::Long(1), text("long one")),
        (text("1"), text("text one")),
        (Value::Character('c' as u16), text("char c")),
        (Value::Null, text("null key")),
        (model.field(root, "shop.Root", "level"), text("gold key")),
    ];
    set("keyed", model.map(map, keyed));
    set("emptyMap", model.map(map, vec![]));
    set("set", model.list("java.util.LinkedHashSet", ["x", "y", "z"].map(text).into()));
}
