//! The classes and members of `classes.txt`.

use std::collections::HashMap;

use ognl::{Kind, Primitive, Standard, Value};

use super::V;

/// A class: the handle of the model.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    Primitive(Primitive),
    Named(u32),
    Array(Box<Type>),
}

impl Type {
    /// What a field of this type starts with.
    pub fn zero(&self) -> V {
        match self {
            Type::Primitive(Primitive::Boolean) => Value::Boolean(false),
            Type::Primitive(Primitive::Char) => Value::Character(0),
            Type::Primitive(Primitive::Byte) => Value::Byte(0),
            Type::Primitive(Primitive::Short) => Value::Short(0),
            Type::Primitive(Primitive::Int) => Value::Int(0),
            Type::Primitive(Primitive::Long) => Value::Long(0),
            Type::Primitive(Primitive::Float) => Value::Float(0.0),
            Type::Primitive(Primitive::Double) => Value::Double(0.0),
            _ => Value::Null,
        }
    }
}

pub struct Class {
    pub name: String,
    pub flags: u16,
    pub superclass: Option<u32>,
    pub interfaces: Vec<u32>,
    pub fields: Vec<Field>,
    pub methods: Vec<Method>,
    pub constructors: Vec<Method>,
}

pub struct Field {
    pub name: String,
    pub flags: u16,
    pub kind: Type,
}

pub struct Method {
    pub name: String,
    pub flags: u16,
    pub parameters: Vec<Type>,
    pub returned: Option<Type>,
    /// `name(int,java.lang.String)`
    pub signature: String,
}

/// All classes.
pub struct Classes {
    all: Vec<Class>,
    by_name: HashMap<String, u32>,
    standards: HashMap<Standard, u32>,
    /// Found once.
    pub kinds: HashMap<u32, Kind>,
}

impl Classes {
    pub fn read(table: &str) -> Classes {
        let mut by_name = HashMap::new();
        for line in table.lines() {
            if let Some(line) = line.strip_prefix("class ") {
                by_name.insert(line.split(' ').nth(1).unwrap().to_owned(), by_name.len() as u32);
            }
        }
        let mut classes =
            Classes { all: Vec::new(), by_name, standards: HashMap::new(), kinds: HashMap::new() };
        for line in table.lines() {
            classes.line(line);
        }
        classes
    }

    fn line(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let flags = words[1].parse::<u32>().unwrap() as u16;
        let types = |words: &[&str]| words.iter().map(|word| self.parse(word).unwrap()).collect::<Vec<_>>();
        let method = |name: &str, returned, parameters: &[&str]| Method {
            name: name.to_owned(),
            flags,
            parameters: types(parameters),
            returned,
            signature: format!("{name}({})", parameters.join(",")),
        };
        match words[0] {
            "class" => {
                let class = Class {
                    name: words[2].to_owned(),
                    flags,
                    superclass: (words[3] != "-").then(|| self.by_name[words[3]]),
                    interfaces: words[4..].iter().map(|name| self.by_name[*name]).collect(),
                    fields: Vec::new(),
                    methods: Vec::new(),
                    constructors: Vec::new(),
                };
                self.all.push(class);
            }
            "field" => {
                let field = Field { name: words[2].to_owned(), flags, kind: self.parse(words[3]).unwrap() };
                self.all.last_mut().unwrap().fields.push(field);
            }
            "method" => {
                let made = method(words[2], self.parse(words[3]), &words[4..]);
                self.all.last_mut().unwrap().methods.push(made);
            }
            "new" => {
                let made = method("new", None, &words[2..]);
                self.all.last_mut().unwrap().constructors.push(made);
            }
            other => panic!("{other}"),
        }
    }

    /// A type as `Class.getName` writes it; none for `void`.
    fn parse(&self, name: &str) -> Option<Type> {
        if let Some(primitive) = Primitive::ALL.into_iter().find(|one| one.name() == name) {
            return Some(Type::Primitive(primitive));
        }
        let Some(component) = name.strip_prefix('[') else {
            return self.by_name.get(name).map(|index| Type::Named(*index));
        };
        let element = match component.strip_prefix('L') {
            Some(name) => self.parse(name.trim_end_matches(';')),
            None if component.starts_with('[') => self.parse(component),
            None => {
                let letter = "ZBCSIJFD".find(component).unwrap();
                Some(Type::Primitive(Primitive::ALL[letter]))
            }
        };
        element.map(|element| Type::Array(Box::new(element)))
    }

    pub fn find(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    pub fn named(&self, name: &str) -> Type {
        Type::Named(self.find(name).unwrap_or_else(|| panic!("{name} is not in classes.txt")))
    }

    pub fn get(&self, index: u32) -> &Class {
        &self.all[index as usize]
    }

    pub fn standard(&self, which: Standard) -> Type {
        self.standards.get(&which).map_or_else(|| self.named(which.name()), |index| Type::Named(*index))
    }

    /// Remembers what is asked for often.
    pub fn remember(&mut self, standards: &[Standard]) {
        for which in standards {
            self.standards.insert(*which, self.by_name[which.name()]);
        }
    }

    pub fn count(&self) -> u32 {
        self.all.len() as u32
    }

    /// `Class.getName`
    pub fn name(&self, of: &Type) -> String {
        match of {
            Type::Primitive(primitive) => primitive.name().to_owned(),
            Type::Named(index) => self.get(*index).name.clone(),
            Type::Array(element) => match &**element {
                Type::Primitive(Primitive::Boolean) => "[Z".to_owned(),
                Type::Primitive(Primitive::Long) => "[J".to_owned(),
                Type::Primitive(other) => format!("[{}", other.name()[..1].to_uppercase()),
                Type::Named(index) => format!("[L{};", self.get(*index).name),
                Type::Array(_) => format!("[{}", self.name(element)),
            },
        }
    }

    /// `Class.getSimpleName`
    pub fn simple_name(&self, of: &Type) -> String {
        match of {
            Type::Array(element) => format!("{}[]", self.simple_name(element)),
            other => self.name(other).rsplit(['.', '$']).next().unwrap().to_owned(),
        }
    }

    /// Whether a class is another or extends or implements it.
    pub fn is_below(&self, class: u32, above: u32) -> bool {
        let info = self.get(class);
        class == above
            || info.superclass.is_some_and(|next| self.is_below(next, above))
            || info.interfaces.iter().any(|next| self.is_below(*next, above))
    }
}
