//! `#[derive(Args)]` and `#[derive(OptionGroup)]`: one pass over the fields makes the declaration and
//! the constructor.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{Data, DataStruct, DeriveInput, Error, Field, Fields, GenericArgument, Ident, PathArguments, Type};

use crate::attributes::{CommandAttributes, FieldAttributes};
use crate::docs::{kebab, one_line, summary_and_description};

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let (fields, data) = declared(input)?;
    let Declared { options, arguments, readers, group } = fields;
    let own = options.len();
    let (options, group_reader) = match group {
        None => (quote!(&[#(#options),*]), None),
        Some((field, ty)) => (
            quote!({
                const ALL: [::shell::Opt; #own + <#ty as ::shell::OptionGroup>::OPTIONS.len()] =
                    ::shell::join(&[#(#options),*], <#ty as ::shell::OptionGroup>::OPTIONS);
                &ALL
            }),
            Some(quote!(#field: <#ty as ::shell::OptionGroup>::read(&bag, #own)?)),
        ),
    };
    let readers: Vec<TokenStream> = readers.into_iter().map(|read| read(None)).chain(group_reader).collect();

    let command = CommandAttributes::read(&input.attrs)?;
    let (summary, description) = summary_and_description(&input.attrs);
    if summary.is_empty() {
        return Err(Error::new_spanned(&input.ident, "the doc comment is the command's help: write one"));
    }
    let ident = &input.ident;
    let name = command.name.unwrap_or_else(|| kebab(&ident.to_string()));
    let group = command.group.unwrap_or_else(|| format_ident!("Shell"));
    let permission = command.permission.unwrap_or_else(|| format_ident!("View"));
    let (aliases, examples) = (command.aliases, command.examples);
    let (hidden, ends_on_q) = (command.hidden, command.ends_on_q);
    let bag = if readers.is_empty() { format_ident!("_bag") } else { format_ident!("bag") };
    let body = match &data.fields {
        Fields::Unit => quote!(Self),
        _ => quote!(Self { #(#readers,)* }),
    };
    Ok(quote! {
        impl ::shell::Args for #ident {
            const SIGNATURE: ::shell::Signature = ::shell::Signature {
                name: #name,
                aliases: &[#(#aliases),*],
                group: ::shell::Group::#group,
                summary: #summary,
                description: #description,
                examples: &[#(#examples),*],
                options: #options,
                arguments: &[#(#arguments),*],
                permission: ::shell::Permission::#permission,
                hidden: #hidden,
                ends_on_q: #ends_on_q,
            };

            fn parse(words: &[::shell::Word]) -> ::core::result::Result<Self, ::shell::UsageError> {
                let #bag = ::shell::Bag::read(&Self::SIGNATURE, words)?;
                ::core::result::Result::Ok(#body)
            }
        }
    })
}

pub(crate) fn derive_group(input: &DeriveInput) -> syn::Result<TokenStream> {
    let (Declared { options, arguments, readers, group }, _) = declared(input)?;
    if !arguments.is_empty() || group.is_some() {
        return Err(Error::new_spanned(&input.ident, "a group has options only"));
    }
    let ident = &input.ident;
    let first = format_ident!("first");
    let readers = readers.into_iter().map(|read| read(Some(&first)));
    Ok(quote! {
        impl ::shell::OptionGroup for #ident {
            const OPTIONS: &'static [::shell::Opt] = &[#(#options),*];

            fn read(bag: &::shell::Bag, first: usize) -> ::core::result::Result<Self, ::shell::UsageError> {
                ::core::result::Result::Ok(Self { #(#readers,)* })
            }
        }
    })
}

fn declared(input: &DeriveInput) -> syn::Result<(Declared, &DataStruct)> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(&input.ident, "only structs declare options and arguments"));
    };
    let mut fields = Declared::default();
    match &data.fields {
        Fields::Named(named) => named.named.iter().try_for_each(|field| fields.add(field))?,
        Fields::Unit => {}
        Fields::Unnamed(unnamed) => return Err(Error::new_spanned(unnamed, "a command's fields have names")),
    }
    Ok((fields, data))
}

/// Writes the expression that fills a field. A group's options come after those of its command: the
/// name is that of the variable that says where they begin.
type Reader = Box<dyn Fn(Option<&Ident>) -> TokenStream>;

/// The fields seen so far, as declarations and as the expressions that fill them.
#[derive(Default)]
struct Declared {
    options: Vec<TokenStream>,
    arguments: Vec<TokenStream>,
    readers: Vec<Reader>,
    /// The field that holds a group of options, and its type.
    group: Option<(Ident, Type)>,
}

impl Declared {
    fn add(&mut self, field: &Field) -> syn::Result<()> {
        let attributes = FieldAttributes::read(&field.attrs)?;
        let Some(ident) = &field.ident else {
            return Err(Error::new_spanned(field, "a command's fields have names"));
        };
        if attributes.group {
            if self.group.replace((ident.clone(), field.ty.clone())).is_some() {
                return Err(Error::new_spanned(field, "a command has one group of options"));
            }
            return Ok(());
        }
        let help = one_line(&field.attrs);
        if help.is_empty() {
            return Err(Error::new_spanned(field, "the doc comment is the field's help: write one"));
        }
        let kebab = kebab(&ident.to_string());
        let (many, optional, value) = kind(&field.ty);
        let flag = value.to_token_stream().to_string() == "bool"
            && !many
            && !optional
            && attributes.default.is_none();
        let default = option(attributes.default.as_ref());
        let required = attributes.required || (!flag && !many && !optional && attributes.default.is_none());

        if !flag && attributes.short.is_none() && attributes.long.is_none() {
            let index = self.arguments.len();
            let name = attributes.name.unwrap_or(kebab);
            self.arguments.push(quote! {
                ::shell::Arg {
                    name: #name,
                    shape: <#value as ::shell::Value>::SHAPE,
                    required: #required,
                    many: #many,
                    default: #default,
                    help: #help,
                }
            });
            let read = match (many, optional) {
                (true, _) => quote!(bag.arguments::<#value>(#index)?),
                (_, true) => quote!(bag.argument::<#value>(#index)?),
                _ => quote!(bag.needed_argument::<#value>(#index)?),
            };
            let read = quote!(#ident: #read);
            self.readers.push(Box::new(move |_| read.clone()));
            return Ok(());
        }

        let index = self.options.len();
        let long = attributes.long.flatten().unwrap_or_else(|| kebab.clone());
        let short = match attributes.short {
            None => None,
            Some(Some(given)) => Some(given),
            Some(None) => kebab.chars().next(),
        };
        let short = option(short.as_ref());
        let label = option(attributes.label.as_ref());
        let shape = match flag {
            true => quote!(::core::option::Option::None),
            false => quote!(::core::option::Option::Some(<#value as ::shell::Value>::SHAPE)),
        };
        self.options.push(quote! {
            ::shell::Opt {
                short: #short,
                long: #long,
                shape: #shape,
                label: #label,
                required: #required,
                many: #many,
                default: #default,
                help: #help,
            }
        });
        let (ident, value) = (ident.clone(), value.clone());
        self.readers.push(Box::new(move |first| {
            let at = match first {
                Some(first) => quote!(#first + #index),
                None => quote!(#index),
            };
            let read = match (flag, many, optional) {
                (true, ..) => quote!(bag.flag(#at)),
                (_, true, _) => quote!(bag.options::<#value>(#at)?),
                (_, _, true) => quote!(bag.option::<#value>(#at)?),
                _ => quote!(bag.needed_option::<#value>(#at)?),
            };
            quote!(#ident: #read)
        }));
        Ok(())
    }
}

/// Whether a type is a `Vec`, whether it is an `Option`, and the type of the value itself.
fn kind(ty: &Type) -> (bool, bool, &Type) {
    if let Type::Path(path) = ty
        && let Some(last) = path.path.segments.last()
        && let PathArguments::AngleBracketed(inner) = &last.arguments
        && let Some(GenericArgument::Type(value)) = inner.args.first()
    {
        if last.ident == "Vec" {
            return (true, false, value);
        }
        if last.ident == "Option" {
            return (false, true, value);
        }
    }
    (false, false, ty)
}

fn option<T: ToTokens>(value: Option<&T>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}
