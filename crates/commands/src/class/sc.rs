//! `sc`: loaded classes, by name or with all there is to know of them.

use host::NamePattern;
use host::class_facts::{ClassDetail, FieldFacts};
use host::class_query::ClassQuery;
use host::loaders::WantedLoader;
use model::RowAffect;

use super::{chain, loader, most, names, row, too_many, untold};
use crate::expression::value::Shown;
use crate::permission::need;
use crate::prelude::*;

/// Show loaded classes
///
/// Classes below those that the pattern names are shown, too, unless the option disable-sub-class is on. Looking initialises no
/// class.
#[derive(Args)]
#[command(group = Class, permission = View)]
#[command(example = "sc demo.*", example = "sc -d demo.MathGame", example = "sc -d -f -x 2 demo.MathGame")]
#[command(example = "sc -E 'demo\\.(Math|Cart).*'")]
pub(crate) struct Sc {
    /// The classes
    #[arg(name = "class-pattern")]
    class: ClassPattern,
    /// All there is to know of each class
    #[arg(short = 'd', long)]
    details: bool,
    /// With -d: the fields, with what static ones hold
    #[arg(short = 'f', long)]
    field: bool,
    /// The pattern is a regular expression
    #[arg(short = 'E', long)]
    regex: bool,
    /// Down to which level static values are opened, 4 at most
    #[arg(short = 'x', long, label = "level")]
    expand: Option<u32>,
    /// Only classes of the loader with this hash
    #[arg(short = 'c', long, label = "hash")]
    classloader: Option<String>,
    /// Only classes of the only loader of this class
    #[arg(long = "classLoaderClass", label = "class")]
    loader_class: Option<ClassPattern>,
    /// Only classes of the only loader whose toString says this; also -cs
    #[arg(long = "classLoaderStr", label = "text")]
    loader_text: Option<String>,
    /// The same
    #[arg(long = "cs", label = "text")]
    text: Option<String>,
    /// With more classes than this no details are shown, 0 for all
    #[arg(short = 'n', long, default = "100")]
    limits: i64,
}

/// So many names make one result.
const PAGE: usize = 256;

impl Command for Sc {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        if self.details && self.field {
            need(cx, Permission::Observe, "`sc -f` shows values of the application and")?;
        }
        let pattern = NamePattern::of_class(&self.class, self.regex)?;
        let wanted = WantedLoader {
            hash: self.classloader,
            class: self.loader_class.map(ClassPattern::into_string),
            text: self.loader_text.or(self.text),
        };
        let query = ClassQuery::new(pattern, wanted);
        let count = if self.details {
            let shown = Shown::of(host, self.expand.unwrap_or(0), None)?;
            let fields = self.field.then_some(shown.expand);
            let (mut ended, mut failed) = (Ok(()), None);
            let told = host.class_details(&query, fields, most(self.limits), |told| {
                let mut detail = match told {
                    Ok(detail) => detail,
                    Err(why) => {
                        failed.get_or_insert(why);
                        return !cx.cancelled();
                    }
                };
                for value in detail.fields.iter_mut().flatten().filter_map(|field| field.value.as_mut()) {
                    value.text = shown.text(host, &value.data);
                }
                let found = Class { class_info: detail, detailed: true, with_field: self.field, segment: 0 };
                ended = cx.emit_soon(found);
                ended.is_ok()
            });
            let told = told.or_fail()?;
            ended?;
            match (told, failed) {
                (Ok(count), _) if count > most(self.limits) => return Err(too_many(self.limits)),
                (Ok(_), Some(failed)) => return Err(untold(&failed)),
                (told, _) => told,
            }
        } else {
            match host.class_names_of(&query).or_fail()? {
                Ok(names) => {
                    for (segment, page) in names.chunks(PAGE).enumerate() {
                        let class_names = page.to_vec();
                        cx.emit_soon(Classes { class_names, detailed: false, with_field: false, segment })?;
                    }
                    Ok(names.len())
                }
                Err(several) => Err(several),
            }
        };
        match count {
            Ok(count) => cx.emit(RowAffect { row_count: count as u64 }),
            Err(several) => Err(loader::end::<Classes>(cx, several, &self.class, &query.loader)),
        }
    }
}

/// Names of classes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Classes {
    class_names: Vec<String>,
    detailed: bool,
    with_field: bool,
    segment: usize,
}

impl Show for Classes {
    const KIND: &'static str = "sc";

    fn layout(&self) -> Layout {
        names(&self.class_names)
    }
}

/// A class.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Class {
    class_info: ClassDetail,
    detailed: bool,
    with_field: bool,
    segment: usize,
}

impl Show for Class {
    const KIND: &'static str = "sc";

    fn layout(&self) -> Layout {
        picture(&self.class_info)
    }
}

/// All there is to know of a class.
pub(super) fn picture(class: &ClassDetail) -> Layout {
    let yes = |is: bool| is.to_string();
    let mut rows = vec![
        row("class-info", class.class_info.clone()),
        row("code-source", class.code_source.clone()),
        row("name", class.name.clone()),
        row("isInterface", yes(class.interface)),
        row("isAnnotation", yes(class.annotation)),
        row("isEnum", yes(class.r#enum)),
        row("isAnonymousClass", yes(class.anonymous_class)),
        row("isArray", yes(class.array)),
        row("isLocalClass", yes(class.local_class)),
        row("isMemberClass", yes(class.member_class)),
        row("isPrimitive", yes(class.primitive)),
        row("isSynthetic", yes(class.synthetic)),
        row("simple-name", class.simple_name.clone()),
        row("modifier", class.modifier.clone()),
        row("annotation", class.annotations.join(",")),
        row("interfaces", class.interfaces.join(",")),
        row("super-class", chain(class.super_class.iter().cloned())),
        row("class-loader", chain(class.classloader.iter().map(|text| loader::in_one_line(text)))),
        row("classLoaderHash", class.class_loader_hash.clone()),
    ];
    let fields = class.fields.iter().flatten().map(described).collect::<Vec<_>>();
    if !fields.is_empty() {
        rows.push(row("fields", fields.join("\n\n")));
    }
    Layout::stack(vec![Layout::Fields(rows), Layout::line("")])
}

/// The lines of a field.
fn described(field: &FieldFacts) -> String {
    let mut lines = vec![
        format!("name       {}", field.name),
        format!("type       {}", field.r#type),
        format!("modifier   {}", field.modifier),
    ];
    if !field.annotations.is_empty() {
        lines.push(format!("annotation {}", field.annotations.join(",")));
    }
    if let Some(value) = &field.value {
        lines.push(format!("value      {}", value.text.replace('\n', "\n           ")));
    }
    lines.join("\n")
}
