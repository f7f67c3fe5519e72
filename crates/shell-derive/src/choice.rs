//! `#[derive(Choice)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, LitStr};

use crate::docs::kebab;

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(&input.ident, "Choice is for enums"));
    };
    let mut names = Vec::new();
    let mut variants = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(Error::new_spanned(variant, "a choice has no fields"));
        }
        let mut name = kebab(&variant.ident.to_string());
        for attribute in variant.attrs.iter().filter(|attribute| attribute.path().is_ident("choice")) {
            name = attribute.parse_args::<LitStr>()?.value();
        }
        names.push(name);
        variants.push(&variant.ident);
    }
    let ident = &input.ident;
    Ok(quote! {
        impl ::shell::Value for #ident {
            const SHAPE: ::shell::Shape = ::shell::Shape::Choice(&[#(#names),*]);

            fn parse(text: &str) -> ::core::result::Result<Self, ::std::string::String> {
                #(if text.eq_ignore_ascii_case(#names) {
                    return ::core::result::Result::Ok(Self::#variants);
                })*
                ::core::result::Result::Err(::shell::not_one_of(text, &[#(#names),*]))
            }
        }
    })
}
