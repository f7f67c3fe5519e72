//! The derives of the command line: `Args` for a command's options, `OptionGroup` for options that
//! several commands have, `Choice` for an option with a fixed set of values.
//!
//! They only read what is declared (doc comments, field types, a few attributes) and write data plus
//! one constructor, so that parser, help, completion and schemas cannot disagree. There is no hidden
//! control flow in them.
#![forbid(unsafe_code)]

mod args;
mod attributes;
mod choice;
mod docs;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements `shell::Args` for a struct.
///
/// The struct's doc comment is the help: its first paragraph the summary, the rest the description.
/// `#[command(..)]` takes `name = ".."` (default: the struct's name in lower case), `alias = ".."`,
/// `group = Thread`, `permission = View`, `example = ".."`, `hidden`, and `ends_on_q` for commands
/// that the key `q` shall end.
///
/// A field's doc comment is its help, its type says its shape. `#[arg(..)]` takes `short`,
/// `short = 'n'`, `long`, `long = "top-n-threads"`, `default = "5"`, `name = ".."` for an argument,
/// `label = ".."` for what help calls an option's value, and `required` for lists. A `bool` is a flag
/// (with a default: an option that takes a boolean), `Option<T>` may be missing, `Vec<T>` takes
/// several. A field with neither `short` nor `long` that is not a flag is an argument. One field may
/// have `#[arg(group)]`: its type derives `OptionGroup`, whose options follow the command's own.
#[proc_macro_derive(Args, attributes(command, arg))]
pub fn args(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    args::derive(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Implements `shell::OptionGroup` for a struct whose fields are options, declared as for `Args`.
#[proc_macro_derive(OptionGroup, attributes(arg))]
pub fn option_group(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    args::derive_group(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Implements `shell::Value` for an enum without fields: its variants in kebab case, or as
/// `#[choice("NAME")]` says, are the accepted values, in any case.
#[proc_macro_derive(Choice, attributes(choice))]
pub fn choice(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    choice::derive(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
