//! What a site remembers, so that the model's speed is the evaluator's: one property and one call.

use std::sync::{Arc, OnceLock};

use ognl::{Call, IndexedProperty, Property};

use super::classes::Type;
use super::reflection::Member;

/// The memory of a site: the first class seen there.
#[derive(Default)]
pub struct Memory {
    pub property: OnceLock<(Type, Property<Member, Member>)>,
    pub call: OnceLock<KnownCall>,
    pub indexed: OnceLock<(Type, Option<Arc<IndexedProperty>>)>,
}

/// The class a method was called on, those of the arguments, and what was chosen.
type KnownCall = (Type, Vec<Option<Type>>, Call<Type, Member>);
