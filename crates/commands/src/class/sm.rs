//! `sm`: the methods of loaded classes.

use host::NamePattern;
use host::class_facts::{MethodDetail, MethodQuery};
use host::class_query::ClassQuery;
use model::RowAffect;
use shell::MethodPattern;

use super::{loader, most, row, too_many, untold};
use crate::prelude::*;

/// Show methods of loaded classes
///
/// Only those that a class declares itself. A class that nobody has used yet is linked for it, since the JVM does not know its
/// methods before; it is not initialised.
#[derive(Args)]
#[command(group = Class, permission = View)]
#[command(example = "sm demo.MathGame", example = "sm -d demo.MathGame primeFactors")]
#[command(example = "sm -E 'demo\\..*' 'get.*'")]
pub(crate) struct Sm {
    /// The classes
    #[arg(name = "class-pattern")]
    class: ClassPattern,
    /// The methods; constructors are <init>
    #[arg(name = "method-pattern")]
    method: Option<MethodPattern>,
    /// All there is to know of each method
    #[arg(short = 'd', long)]
    details: bool,
    /// The patterns are regular expressions
    #[arg(short = 'E', long)]
    regex: bool,
    /// Only classes of the loader with this hash
    #[arg(short = 'c', long, label = "hash")]
    classloader: Option<String>,
    /// Only classes of the only loader of this class
    #[arg(long = "classLoaderClass", label = "class")]
    loader_class: Option<ClassPattern>,
    /// With more classes than this nothing is shown, 0 for all
    #[arg(short = 'n', long, default = "100")]
    limits: i64,
}

impl Command for Sm {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let loader = loader::wanted(self.classloader, self.loader_class);
        let methods = self.method.as_deref().map(|text| text.trim()).filter(|text| !text.is_empty());
        let query = MethodQuery {
            classes: ClassQuery::new(NamePattern::of_class(&self.class, self.regex)?, loader),
            methods: methods.map_or(Ok(NamePattern::any()), |text| NamePattern::of(text, self.regex))?,
            details: self.details,
            most: most(self.limits),
        };
        let (mut affected, mut failed, mut ended) = (0, None, Ok(()));
        let told = host.class_methods(&query, |told| match told {
            Ok(method_info) => {
                affected += 1;
                ended = cx.emit_soon(Method { method_info, detail: self.details });
                ended.is_ok()
            }
            Err(why) => {
                failed.get_or_insert(why);
                !cx.cancelled()
            }
        });
        let told = told.or_fail()?;
        ended?;
        match (told, failed) {
            (Err(several), _) => Err(loader::end::<Method>(cx, several, &self.class, &query.classes.loader)),
            (Ok(count), _) if count > query.most => Err(too_many(self.limits)),
            (Ok(_), Some(failed)) => Err(untold(&failed)),
            (Ok(_), None) => cx.emit(RowAffect { row_count: affected }),
        }
    }
}

/// A method.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Method {
    method_info: MethodDetail,
    detail: bool,
}

impl Show for Method {
    const KIND: &'static str = "sm";

    fn layout(&self) -> Layout {
        let Self { method_info: method, .. } = self;
        let Some(more) = &method.more else {
            let mut line = Text::from(format!("{} ", method.declaring_class));
            line.push(Style::Name, method.method_name.clone());
            line.push(Style::Plain, method.descriptor.clone());
            return Layout::Line(line);
        };
        let name = if method.constructor { "constructor-name" } else { "method-name" };
        let mut rows = vec![
            row("declaring-class", method.declaring_class.clone()),
            row(name, method.method_name.clone()),
            row("modifier", more.modifier.clone()),
            row("annotation", more.annotations.join(",")),
            row("parameters", more.parameters.join("\n")),
        ];
        rows.extend(more.return_type.as_ref().map(|result| row("return", result.clone())));
        rows.push(row("exceptions", more.exceptions.join("\n")));
        rows.push(row("classLoaderHash", more.class_loader_hash.clone()));
        Layout::stack(vec![Layout::Fields(rows), Layout::line("")])
    }
}
