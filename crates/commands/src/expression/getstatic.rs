//! `getstatic`: the static fields of a class.

use host::class_query::ClassQuery;
use host::evaluation::Evaluation;
use host::values::Snapshot;
use model::RowAffect;
use shell::Expression;

use super::value::{Shown, lines};
use super::{may, read};
use crate::class::loader;
use crate::prelude::*;

/// Show static fields of a class
///
/// Fields are read where they lie: a class that is not initialised yet stays so. With an expression
/// each field's value is what it begins with.
#[derive(Args)]
#[command(group = Class, permission = Observe)]
#[command(example = "getstatic demo.MathGame RANDOM")]
#[command(example = "getstatic demo.MathGame '*' -x 2")]
#[command(example = "getstatic java.lang.Integer MAX_VALUE '#this - 1'")]
pub(crate) struct Getstatic {
    /// The class
    #[arg(name = "class-pattern")]
    class: ClassPattern,
    /// The fields
    #[arg(name = "field-pattern")]
    field: String,
    /// What is shown of each
    express: Option<Expression>,
    /// Only a class of the loader with this hash
    #[arg(short = 'c', long, label = "hash")]
    classloader: Option<String>,
    /// Only a class of the only loader of this class
    #[arg(long = "classLoaderClass", label = "class")]
    loader_class: Option<ClassPattern>,
    /// The patterns are regular expressions
    #[arg(short = 'E', long)]
    regex: bool,
    /// Down to which level objects are opened, 4 at most
    #[arg(short = 'x', long, label = "level", default = "1")]
    expand: u32,
}

impl Command for Getstatic {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let shown = Shown::of(host, self.expand, None)?;
        let express = self.express.as_ref().map(|text| read(text, Host::over_object)).transpose()?;
        let pattern = |text: &str| host::NamePattern::of(text, self.regex).map_err(Failure::new);
        let loader = loader::wanted(self.classloader, self.loader_class);
        let class = ClassQuery::by_name_only(host::NamePattern::of_class(&self.class, self.regex)?, loader);
        let fields = pattern(&self.field)?;
        let how = Evaluation { depth: shown.expand, may: may(cx) };
        let fields = match host.statics(&class, &fields, express.as_ref(), how).or_fail()? {
            Ok(fields) => fields,
            Err(not_one) => {
                return Err(loader::end::<Field>(cx, not_one, &self.class, &class.loader));
            }
        };
        if fields.is_empty() {
            let message = format!(
                "getstatic: no matched static field was found: {} has none that fits {}.",
                self.class, self.field
            );
            return Err(Failure::new(message));
        }
        let affected = fields.len();
        for (name, value) in fields {
            match (value, &self.express) {
                (Ok(data), _) => cx.emit(Field { field_name: name, field: shown.text(host, &data), data })?,
                (Err(mistake), Some(text)) => {
                    return Err(text.mistake(mistake.at, format!("{name}: {}", mistake.message)).into());
                }
                (Err(mistake), None) => return Err(Failure::new(mistake.message)),
            }
        }
        cx.emit(RowAffect { row_count: affected as u64 })
    }
}

/// A static field.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Field {
    field_name: String,
    /// As the object view shows it.
    field: String,
    /// As data.
    data: Snapshot,
}

impl Show for Field {
    const KIND: &'static str = "getstatic";

    fn layout(&self) -> Layout {
        let mut name = Text::from("field: ");
        name.push(Style::Name, self.field_name.clone());
        let mut all = vec![Layout::Line(name)];
        all.extend(lines(&self.field));
        Layout::stack(all)
    }
}
