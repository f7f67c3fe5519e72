//! Which overload a call means, and what its arguments become.
//!
//! OGNL scores how well each method takes the classes of the arguments as they are and calls the lowest. Where
//! none does, it converts for the first method with as many parameters that the JVM happens to list; here it is
//! the one that loses least, so that the same call means the same everywhere.

use super::convert::{convert, loss};
use super::listed::type_name;
use super::search::methods;
use crate::{Access, Fault, Flags, Listed, Reflection, Standard, Value};

/// A method or constructor that was chosen, and what to do to the arguments: `C` and `M` are handles of classes and
/// methods.
#[derive(Debug, Clone)]
pub struct Call<C, M> {
    /// The method.
    pub method: M,
    /// Its modifiers.
    pub flags: Flags,
    /// For each argument the class to convert it to, if it does not fit as it is.
    steps: Vec<Option<C>>,
    /// Where the arguments begin that go into an array, and the class of its elements.
    rest: Option<(usize, C)>,
}

/// A method that was chosen, in an implementation's own handles.
pub type CallOf<R> = Call<<R as Reflection>::Class, <R as Reflection>::Method>;

impl<C, M> Call<C, M> {
    /// Whether no argument has to be converted.
    pub(super) fn takes_as_it_is(&self) -> bool {
        self.steps.iter().all(Option::is_none)
    }

    /// The arguments as the method takes them.
    ///
    /// # Errors
    /// One of them cannot be converted.
    pub fn arguments<A>(
        &self,
        access: &A,
        mut arguments: Vec<Value<A::Object>>,
    ) -> Result<Vec<Value<A::Object>>, Fault>
    where
        A: Access<Class = C>,
    {
        for (argument, step) in arguments.iter_mut().zip(&self.steps) {
            if let Some(class) = step {
                *argument = convert(access, std::mem::replace(argument, Value::Null), class)?;
            }
        }
        if let Some((from, component)) = &self.rest {
            let rest = arguments.split_off((*from).min(arguments.len()));
            let array = access.new_array(component, rest.len().try_into().unwrap_or(i32::MAX))?;
            for (index, value) in (0..).zip(rest) {
                access.set_element(&array, index, value)?;
            }
            arguments.push(Value::Object(array));
        }
        Ok(arguments)
    }
}

/// The classes by which overloads are told apart: of scalars the primitive types; none for null.
///
/// # Errors
/// The JVM fails.
pub fn argument_classes<A: Access>(
    access: &A,
    arguments: &[Value<A::Object>],
) -> Result<Vec<Option<A::Class>>, Fault> {
    let class = |value: &Value<A::Object>| match (value, value.primitive()) {
        (Value::Object(object), _) => access.class_of(object).map(Some),
        (_, primitive) => Ok(primitive.map(|primitive| access.primitive(primitive))),
    };
    arguments.iter().map(class).collect()
}

/// The method that `name(arguments)` calls on an object: an instance method, or where there is none of this name a
/// static one.
///
/// # Errors
/// No method takes such arguments ([`ErrorKind::NoSuchMethod`](crate::ErrorKind)), or a class of a parameter
/// cannot be found.
pub fn find_method<R: Reflection + ?Sized>(
    reflection: &R,
    class: &R::Class,
    name: &str,
    arguments: &[Option<R::Class>],
) -> Result<CallOf<R>, Fault> {
    let found = named(reflection, class, name, false);
    match found.is_empty() {
        true => find_static_method(reflection, class, name, arguments),
        false => known(reflection, find_among(reflection, found, arguments)?, arguments),
    }
}

/// What was found, or a failure that tells the classes of the arguments.
fn known<R: Reflection + ?Sized>(
    reflection: &R,
    found: Option<CallOf<R>>,
    arguments: &[Option<R::Class>],
) -> Result<CallOf<R>, Fault> {
    found.ok_or_else(|| {
        let name = |class: &Option<R::Class>| {
            class.as_ref().map_or_else(|| "null".to_owned(), |class| type_name(reflection, class))
        };
        Fault::no_method(arguments.iter().map(name).collect())
    })
}

/// The method that `@class@name(arguments)` calls.
///
/// # Errors
/// As [`find_method`].
pub fn find_static_method<R: Reflection + ?Sized>(
    reflection: &R,
    class: &R::Class,
    name: &str,
    arguments: &[Option<R::Class>],
) -> Result<CallOf<R>, Fault> {
    known(reflection, find_among(reflection, named(reflection, class, name, true), arguments)?, arguments)
}

fn named<R: Reflection + ?Sized>(
    reflection: &R,
    class: &R::Class,
    name: &str,
    of_class: bool,
) -> Vec<Listed<R::Method>> {
    let found = methods(reflection, class, &mut |listed, _| {
        let made = listed.flags.has(Flags::SYNTHETIC) && !listed.flags.has(Flags::BRIDGE);
        listed.name == name && !made && listed.flags.has(Flags::STATIC) == of_class
    });
    found.into_iter().map(|one| one.listed).collect()
}

/// The public constructor that `new class(arguments)` calls: of those that take the arguments as they are the
/// most specific, else the one that loses least.
///
/// # Errors
/// As [`find_method`].
pub fn find_constructor<R: Reflection + ?Sized>(
    reflection: &R,
    class: &R::Class,
    arguments: &[Option<R::Class>],
) -> Result<CallOf<R>, Fault> {
    let mut listed = reflection.constructors(class);
    listed.retain(|one| one.flags.has(Flags::PUBLIC) && one.parameters == arguments.len());
    let mut best: Option<Fit<R>> = None;
    for one in &listed {
        let parameters = reflection.parameters(&one.member)?;
        let fixed = Listed { flags: Flags(one.flags.0 & !Flags::VARARGS.0), ..one.clone() };
        let Some(fit) = Fit::of(reflection, &fixed, parameters, arguments) else { continue };
        let converts = fit.converts.iter().any(|converts| *converts);
        let better =
            best.as_ref().is_none_or(|best| more_specific(reflection, &fit.parameters, &best.parameters));
        if !converts && better {
            best = Some(fit);
        }
    }
    let found = match best {
        Some(best) => Some(best.call(reflection, arguments)),
        None => converted(reflection, &listed, arguments)?,
    };
    known(reflection, found, arguments)
}

fn more_specific<R: Reflection + ?Sized>(reflection: &R, these: &[R::Class], those: &[R::Class]) -> bool {
    for (this, that) in these.iter().zip(those) {
        match () {
            () if this == that => {}
            () if reflection.as_primitive(this).is_some() => return true,
            () if reflection.is_assignable(this, that) => return false,
            () if reflection.is_assignable(that, this) => return true,
            () => {}
        }
    }
    false
}

/// Of some methods, the one that takes the arguments.
pub(super) fn find_among<R: Reflection + ?Sized>(
    reflection: &R,
    listed: Vec<Listed<R::Method>>,
    arguments: &[Option<R::Class>],
) -> Result<Option<CallOf<R>>, Fault> {
    let mut best: Option<Fit<R>> = None;
    for one in &listed {
        let parameters = reflection.parameters(&one.member)?;
        let Some(fit) = Fit::of(reflection, one, parameters, arguments) else { continue };
        if best.as_ref().is_none_or(|best| fit.beats(reflection, best, arguments)) {
            best = Some(fit);
        }
    }
    match best {
        Some(best) => Ok(Some(best.call(reflection, arguments))),
        None => converted(reflection, &listed, arguments),
    }
}

/// The method with as many parameters for which the arguments lose least.
fn converted<R: Reflection + ?Sized>(
    reflection: &R,
    listed: &[Listed<R::Method>],
    arguments: &[Option<R::Class>],
) -> Result<Option<CallOf<R>>, Fault> {
    let mut best: Option<(u32, CallOf<R>)> = None;
    for one in listed.iter().filter(|one| one.parameters == arguments.len()) {
        let parameters = reflection.parameters(&one.member)?;
        let mut lost = 0;
        let mut steps = Vec::with_capacity(parameters.len());
        for (parameter, argument) in parameters.into_iter().zip(arguments) {
            let fits = fit(reflection, argument.as_ref(), &parameter);
            let as_it_is = fits.is_some_and(|(_, converts)| !converts)
                && !null_to_primitive(reflection, argument, &parameter);
            if !as_it_is {
                lost += argument.as_ref().map_or(0, |argument| loss(reflection, argument, &parameter));
            }
            steps.push((!as_it_is).then_some(parameter));
        }
        if best.as_ref().is_none_or(|(least, _)| lost < *least) {
            let call = Call { method: one.member.clone(), flags: one.flags, steps, rest: None };
            best = Some((lost, call));
        }
    }
    Ok(best.map(|(_, call)| call))
}

fn null_to_primitive<R: Reflection + ?Sized>(
    reflection: &R,
    argument: &Option<R::Class>,
    parameter: &R::Class,
) -> bool {
    argument.is_none() && reflection.as_primitive(parameter).is_some()
}

/// How well an argument fits a parameter, lower is better, and whether it must be converted; none where it
/// does not fit. The weights are OGNL's.
fn fit<R: Reflection + ?Sized>(
    reflection: &R,
    argument: Option<&R::Class>,
    parameter: &R::Class,
) -> Option<(u32, bool)> {
    let Some(argument) = argument else { return Some((500, false)) };
    if argument == parameter {
        return Some((0, false));
    }
    let collection = reflection.standard(Standard::Collection);
    let is_collection = |class: &R::Class| reflection.is_assignable(&collection, class);
    let element = reflection.component(argument);
    match reflection.component(parameter) {
        Some(wanted) => {
            if element.is_some_and(|element| reflection.is_assignable(&wanted, &element)) {
                return Some((25, false));
            }
            if is_collection(argument) {
                return (wanted == reflection.standard(Standard::Object)).then_some((30, true));
            }
        }
        None if is_collection(parameter) => {
            if element.is_some() {
                return Some((50, true));
            }
            if is_collection(argument) {
                let fits = reflection.is_assignable(parameter, argument);
                return Some(if fits { (2, false) } else { (50, true) });
            }
        }
        None => {}
    }
    if reflection.is_assignable(parameter, argument) {
        return Some((40, false));
    }
    let boxed = reflection.standard(reflection.as_primitive(argument)?.boxed());
    match () {
        () if boxed == *parameter => Some((2, false)),
        () if reflection.is_assignable(parameter, &boxed) => Some((10, false)),
        () => None,
    }
}

/// A method that takes the arguments, and how well.
struct Fit<R: Reflection + ?Sized> {
    listed: Listed<R::Method>,
    parameters: Vec<R::Class>,
    score: u32,
    /// For each argument.
    converts: Vec<bool>,
}

impl<R: Reflection + ?Sized> Fit<R> {
    fn of(
        reflection: &R,
        listed: &Listed<R::Method>,
        parameters: Vec<R::Class>,
        arguments: &[Option<R::Class>],
    ) -> Option<Fit<R>> {
        let varargs = listed.flags.has(Flags::VARARGS);
        let fixed = if varargs { parameters.len().checked_sub(1)? } else { parameters.len() };
        if arguments.len() < fixed || (!varargs && arguments.len() != fixed) {
            return None;
        }
        let element = parameters.last().filter(|_| varargs).and_then(|last| reflection.component(last));
        let mut score = if varargs && !arguments.is_empty() { 1000 } else { 0 };
        let mut converts = Vec::with_capacity(arguments.len());
        for (index, argument) in arguments.iter().enumerate() {
            let parameter = if index < fixed { parameters.get(index) } else { element.as_ref() };
            let (worse, convert) = fit(reflection, argument.as_ref(), parameter?)?;
            score += worse;
            converts.push(convert);
        }
        Some(Fit { listed: listed.clone(), parameters, score, converts })
    }

    fn is_varargs(&self) -> bool {
        self.listed.flags.has(Flags::VARARGS)
    }

    /// Whether it is chosen over one that was found before.
    fn beats(&self, reflection: &R, best: &Fit<R>, arguments: &[Option<R::Class>]) -> bool {
        if self.score != best.score {
            return self.score < best.score;
        }
        if self.parameters == best.parameters || self.is_varargs() || best.is_varargs() {
            return !self.is_varargs() && best.is_varargs();
        }
        let (mut mine, mut its) = (0, 0);
        for ((this, that), argument) in self.parameters.iter().zip(&best.parameters).zip(arguments) {
            let weight = if argument.is_none() { 1000 } else { 50 };
            let primitive = |class| reflection.as_primitive(class).is_some();
            match () {
                () if this == that => {}
                // Null is no number: OGNL takes whichever comes last.
                () if argument.is_none() && primitive(this) != primitive(that) => match primitive(this) {
                    true => its += weight,
                    false => mine += weight,
                },
                () if argument.as_ref() == Some(that) => its += 100,
                () if argument.as_ref() == Some(this) => mine += 100,
                // The more general one wins, whatever one may think.
                () if reflection.is_assignable(that, this) => its += weight,
                () => mine += weight,
            }
        }
        mine > its
    }

    fn call(self, reflection: &R, arguments: &[Option<R::Class>]) -> CallOf<R> {
        let varargs = self.is_varargs();
        let fixed = self.parameters.len() - usize::from(varargs && !self.parameters.is_empty());
        let array = self.parameters.last().filter(|_| varargs);
        // As in Java, an array that fits is the rest itself.
        let whole = match (array, arguments.get(fixed), arguments.len()) {
            (Some(array), Some(Some(last)), count) if count == fixed + 1 => {
                reflection.is_assignable(array, last)
            }
            _ => false,
        };
        let rest = array.filter(|_| !whole).and_then(|array| reflection.component(array));
        let mut steps = Vec::with_capacity(arguments.len());
        for (index, (argument, converts)) in arguments.iter().zip(&self.converts).enumerate() {
            let parameter = if index < fixed { self.parameters.get(index) } else { rest.as_ref().or(array) };
            let step =
                parameter.filter(|parameter| *converts || null_to_primitive(reflection, argument, parameter));
            steps.push(step.cloned());
        }
        let Listed { member, flags, .. } = self.listed;
        Call { method: member, flags, steps, rest: rest.map(|component| (fixed, component)) }
    }
}
