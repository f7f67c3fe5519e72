//! What `#[command(..)]` and `#[arg(..)]` say.

use syn::{Attribute, Ident, LitChar, LitStr, meta::ParseNestedMeta};

/// The struct's attributes.
#[derive(Default)]
pub(crate) struct CommandAttributes {
    pub(crate) name: Option<String>,
    pub(crate) aliases: Vec<String>,
    pub(crate) group: Option<Ident>,
    pub(crate) permission: Option<Ident>,
    pub(crate) examples: Vec<String>,
    pub(crate) hidden: bool,
    pub(crate) ends_on_q: bool,
}

impl CommandAttributes {
    pub(crate) fn read(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut read = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("command")) {
            attribute.parse_nested_meta(|meta| {
                let path = &meta.path;
                if path.is_ident("name") {
                    read.name = Some(text(&meta)?);
                } else if path.is_ident("alias") {
                    read.aliases.push(text(&meta)?);
                } else if path.is_ident("group") {
                    read.group = Some(meta.value()?.parse()?);
                } else if path.is_ident("permission") {
                    read.permission = Some(meta.value()?.parse()?);
                } else if path.is_ident("example") {
                    read.examples.push(text(&meta)?);
                } else if path.is_ident("hidden") {
                    read.hidden = true;
                } else if path.is_ident("ends_on_q") {
                    read.ends_on_q = true;
                } else {
                    return Err(
                        meta.error("expected name, alias, group, permission, example, hidden or ends_on_q")
                    );
                }
                Ok(())
            })?;
        }
        Ok(read)
    }
}

/// A field's attributes. The inner `None` of a name means: made from the field's name.
#[derive(Default)]
pub(crate) struct FieldAttributes {
    pub(crate) short: Option<Option<char>>,
    pub(crate) long: Option<Option<String>>,
    pub(crate) default: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) required: bool,
    pub(crate) group: bool,
}

impl FieldAttributes {
    pub(crate) fn read(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut read = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("arg")) {
            attribute.parse_nested_meta(|meta| {
                let path = &meta.path;
                if path.is_ident("short") {
                    read.short = Some(match meta.input.peek(syn::Token![=]) {
                        true => Some(meta.value()?.parse::<LitChar>()?.value()),
                        false => None,
                    });
                } else if path.is_ident("long") {
                    read.long = Some(match meta.input.peek(syn::Token![=]) {
                        true => Some(text(&meta)?),
                        false => None,
                    });
                } else if path.is_ident("default") {
                    read.default = Some(text(&meta)?);
                } else if path.is_ident("name") {
                    read.name = Some(text(&meta)?);
                } else if path.is_ident("label") {
                    read.label = Some(text(&meta)?);
                } else if path.is_ident("required") {
                    read.required = true;
                } else if path.is_ident("group") {
                    read.group = true;
                } else {
                    return Err(meta.error("expected short, long, default, name, label, required or group"));
                }
                Ok(())
            })?;
        }
        Ok(read)
    }
}

fn text(meta: &ParseNestedMeta<'_>) -> syn::Result<String> {
    Ok(meta.value()?.parse::<LitStr>()?.value())
}
