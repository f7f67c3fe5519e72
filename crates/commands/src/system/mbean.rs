//! `mbean`: management beans, their attributes and what they say of themselves.

use std::collections::BTreeMap;
use std::time::Duration;

use host::NamePattern;
use host::mbeans::{Attribute, BeanName, Data};
use shell::{BeanAttributePattern, BeanPattern};

use crate::prelude::*;

/// Show management beans (MBeans) and their attributes
///
/// Getters of the application's own beans are its code, which may wait or change something: they are called for
/// sessions that have the permission `evaluate`, as an expression's are; the JDK's own beans answer everybody.
#[derive(Args)]
#[command(group = System, permission = View, ends_on_q)]
#[command(example = "mbean", example = "mbean java.lang:type=Memory")]
#[command(example = "mbean -E java.lang:type=Threading 'Peak.*|ThreadCount'")]
#[command(example = "mbean -i 1000 -n 3 java.lang:type=Threading *Count", example = "mbean -m java.lang:*")]
pub(crate) struct Mbean {
    /// Again after so many milliseconds
    #[arg(short = 'i', long = "interval", label = "ms")]
    interval: Option<u64>,
    /// The attribute pattern is a regular expression
    #[arg(short = 'E', long = "regex")]
    regex: bool,
    /// What the beans say of themselves
    #[arg(short = 'm', long = "metadata")]
    metadata: bool,
    /// With `-i`: so many times
    #[arg(short = 'n', long = "number-of-execution", default = "100")]
    number: u64,
    /// The beans: domain:key=value,...; * and ? stand for characters
    #[arg(name = "name-pattern")]
    beans: Option<BeanPattern>,
    /// The attributes
    #[arg(name = "attribute-pattern")]
    attributes: Option<BeanAttributePattern>,
}

impl Command for Mbean {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let Some(pattern) = &self.beans else {
            let names = host.beans("*:*").or_fail()?.into_iter().map(|bean| bean.name);
            return cx.emit(Names { mbean_names: names.collect() });
        };
        let attributes = match self.attributes.as_deref() {
            None => NamePattern::any(),
            Some(text) => NamePattern::of(text, self.regex)?,
        };
        let Some(interval) = self.interval.filter(|interval| *interval > 0) else {
            return self.once(host, cx, pattern, &attributes);
        };
        for time in 0..self.number {
            if time > 0 {
                cx.sleep(Duration::from_millis(interval))?;
            }
            self.once(host, cx, pattern, &attributes)?;
        }
        Err(Failure::new(format!("Process ends after {} time(s).", self.number)))
    }
}

impl Mbean {
    fn once(
        &self,
        host: &Host,
        cx: &mut Context<'_>,
        pattern: &str,
        attributes: &NamePattern,
    ) -> Result<(), Failure> {
        let all = host.beans(pattern).or_fail()?;
        let found = all.len();
        let asked: Vec<BeanName> =
            all.into_iter().filter(|bean| bean.platform || cx.may(Permission::Evaluate)).collect();
        if let Some(left @ 1..) = found.checked_sub(asked.len()) {
            let which = if left == 1 { "1 bean is".to_owned() } else { format!("{left} beans are") };
            let why = format!(
                "{which} left out: to answer, beans of the application run its code, which needs the permission evaluate."
            );
            if asked.is_empty() {
                return Err(Failure::new(why));
            }
            cx.message(why)?;
        }
        if self.metadata {
            let mut metadata = BTreeMap::new();
            for bean in asked {
                if let Some(told) = ask(cx, || host.bean_metadata(&bean.name))?.flatten() {
                    metadata.insert(bean.name, told);
                }
            }
            return cx.emit(Metadata { mbean_metadata: metadata });
        }
        let mut values = BTreeMap::new();
        for bean in asked {
            if let Some(told) = ask(cx, || host.bean_attributes(&bean.name, attributes))?
                && !told.is_empty()
            {
                values.insert(bean.name, told);
            }
        }
        cx.emit(Attributes { mbean_attribute: values })
    }
}

/// One bean that throws does not hide the others.
fn ask<T>(
    cx: &mut Context<'_>,
    question: impl FnOnce() -> Result<T, host::Error>,
) -> Result<Option<T>, Failure> {
    if cx.cancelled() {
        return Err(Failure::Cancelled);
    }
    match question() {
        Ok(told) => Ok(Some(told)),
        Err(why) => {
            cx.message(why.to_string())?;
            Ok(None)
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Names {
    mbean_names: Vec<String>,
}

impl Show for Names {
    const KIND: &'static str = "mbean";

    fn layout(&self) -> Layout {
        Layout::stack(self.mbean_names.iter().map(|name| Layout::line(name.clone())).collect())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attributes {
    mbean_attribute: BTreeMap<String, Vec<Attribute>>,
}

impl Show for Attributes {
    const KIND: &'static str = "mbean";

    fn layout(&self) -> Layout {
        let bean = |(name, attributes): (&String, &Vec<Attribute>)| {
            let row = |attribute: &Attribute| {
                let value = match (&attribute.value, attribute.error) {
                    (_, Some(error)) => Text::styled(Style::Bad, error),
                    (Some(value), None) => Text::from(plain(value)),
                    (None, None) => Text::default(),
                };
                vec![Text::styled(Style::Name, attribute.name.clone()), value]
            };
            table(name, attributes.iter().map(row).collect())
        };
        Layout::stack(self.mbean_attribute.iter().map(bean).collect())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    mbean_metadata: BTreeMap<String, Data>,
}

impl Show for Metadata {
    const KIND: &'static str = "mbean";

    fn layout(&self) -> Layout {
        let bean = |(name, told): (&String, &Data)| {
            let Data::Map(parts) = told else { return table(name, Vec::new()) };
            let mut rows = Vec::new();
            for (part, value) in parts {
                match value {
                    Data::List(several) => rows.extend(
                        several
                            .iter()
                            .map(|one| vec![Text::styled(Style::Name, part.clone()), Text::from(plain(one))]),
                    ),
                    one => rows.push(vec![Text::styled(Style::Name, part.clone()), Text::from(plain(one))]),
                }
            }
            table(name, rows)
        };
        Layout::stack(self.mbean_metadata.iter().map(bean).collect())
    }
}

/// A bean's name above what is known of it.
fn table(bean: &str, rows: Vec<Vec<Text>>) -> Layout {
    let name = Layout::Table(Table {
        columns: vec![Column::new("OBJECT_NAME"), Column::new(bean.to_owned())],
        ..Table::default()
    });
    let columns = vec![Column::new("NAME").weight(1), Column::new("VALUE").weight(3)];
    Layout::stack(vec![name, Layout::Table(Table { columns, rows, ..Table::default() }), Layout::line("")])
}

/// A value in a cell: texts as they are, all else as JSON.
fn plain(value: &Data) -> String {
    match value {
        Data::Text(text) => text.clone(),
        other => match serde_json::to_value(other) {
            Ok(serde_json::Value::String(text)) => text,
            Ok(value) => value.to_string(),
            Err(_) => "?".to_owned(),
        },
    }
}
