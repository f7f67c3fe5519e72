//! Reads an expression: a Pratt parser over the levels of OGNL's grammar.

use std::ops::Range;

use crate::lexer::tokens;
use crate::token::{Kind, Sign, Token};
use crate::{Constant, Error, Node, Operator, Picked, What};

/// The longest expression, in bytes.
pub const MAX_LENGTH: usize = 16 << 10;

/// How many levels an expression may have: of parentheses, and of its tree.
pub const MAX_DEPTH: u16 = 100;

/// What stands for the class in `@@name`.
const DEFAULT_CLASS: &str = "java.lang.Math";

/// Reads an expression.
///
/// # Errors
/// It is no expression of OGNL 3.3.5, or it is longer than [`MAX_LENGTH`] or deeper than
/// [`MAX_DEPTH`].
pub fn parse(text: &str) -> Result<Node, Error> {
    if text.len() > MAX_LENGTH {
        let message =
            format!("The expression has {} bytes; more than {MAX_LENGTH} are not read.", text.len());
        return Err(Error::new(0..0, message));
    }
    let mut parser = Parser { text, tokens: tokens(text), next: 0, level: 0 };
    let node = parser.expression()?;
    match parser.peek() {
        Kind::End => Ok(node),
        _ => Err(parser.unexpected("an operator such as && or == may be missing before it")),
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    next: usize,
    level: u16,
}

type Parsed = Result<Node, Error>;

impl Parser<'_> {
    fn peek(&self) -> &Kind {
        self.tokens.get(self.next).map_or(&Kind::End, |token| &token.kind)
    }

    fn peek_second(&self) -> &Kind {
        self.tokens.get(self.next + 1).map_or(&Kind::End, |token| &token.kind)
    }

    fn is(&self, sign: Sign) -> bool {
        *self.peek() == Kind::Sign(sign)
    }

    /// Where the next token is.
    fn here(&self) -> Range<usize> {
        self.tokens.get(self.next).map_or(self.text.len()..self.text.len(), |token| token.at.clone())
    }

    /// From `start` to the end of the token before.
    fn since(&self, start: usize) -> Range<usize> {
        let last = self.next.checked_sub(1).and_then(|last| self.tokens.get(last));
        start..last.map_or(start, |token| token.at.end)
    }

    fn take(&mut self, sign: Sign) -> bool {
        let is = self.is(sign);
        self.next += usize::from(is);
        is
    }

    /// The next token is not what can stand here.
    fn unexpected(&self, advice: &str) -> Error {
        let at = self.here();
        match self.peek() {
            Kind::Wrong(message) => Error::new(at, message.clone()),
            Kind::End => Error::new(at, format!("The expression ends too early: {advice}.")),
            _ => {
                let found = self.text.get(at.clone()).unwrap_or_default();
                let found = if found.chars().count() > 40 { "this" } else { found };
                Error::new(at, format!("{found} cannot stand here: {advice}."))
            }
        }
    }

    fn expect(&mut self, sign: Sign, text: &str, opened: &Range<usize>) -> Result<(), Error> {
        if self.take(sign) {
            return Ok(());
        }
        if *self.peek() == Kind::End {
            let open = self.text.get(opened.clone()).unwrap_or_default();
            return Err(Error::new(opened.clone(), format!("This {open} is never closed: add a {text}.")));
        }
        Err(self.unexpected(&format!("a {text} or an operator is missing before it")))
    }

    fn name(&mut self, what: &str) -> Result<String, Error> {
        if let Kind::Name(name) = self.peek() {
            let name = name.clone();
            self.next += 1;
            return Ok(name);
        }
        let at = self.here();
        let word = self.text.get(at.clone()).unwrap_or_default();
        let is_word = word.starts_with(|char: char| char.is_ascii_alphabetic())
            && !matches!(self.peek(), Kind::Wrong(_));
        Err(match is_word {
            true => Error::new(at, format!("{word} is a word of the language and cannot be a name here.")),
            false => self.unexpected(&format!("{what} is missing")),
        })
    }

    /// Makes a node, unless the tree would be too deep.
    fn node(&self, what: What, children: Vec<Node>, at: Range<usize>) -> Parsed {
        let node = Node::new(what, children, at.clone());
        if node.depth > MAX_DEPTH { Err(too_deep(at)) } else { Ok(node) }
    }

    /// Runs `parse` one level deeper.
    fn deeper(&mut self, parse: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        if self.level >= MAX_DEPTH {
            return Err(too_deep(self.here()));
        }
        self.level += 1;
        let parsed = parse(self);
        self.level -= 1;
        parsed
    }

    /// Expressions and commas: the whole, or what stands in parentheses.
    fn expression(&mut self) -> Parsed {
        let mut node = self.assignment()?;
        while self.take(Sign::Comma) {
            let second = self.assignment()?;
            let at = node.at.start..second.at.end;
            node = self.node(What::Sequence, vec![node, second], at)?;
        }
        Ok(node)
    }

    fn assignment(&mut self) -> Parsed {
        let node = self.conditional()?;
        if !self.take(Sign::Assign) {
            return Ok(node);
        }
        let value = self.deeper(Self::assignment)?;
        let at = node.at.start..value.at.end;
        self.node(What::Assign, vec![node, value], at)
    }

    fn conditional(&mut self) -> Parsed {
        let node = self.binary(1)?;
        let question = self.here();
        if !self.take(Sign::Question) {
            return Ok(node);
        }
        let yes = self.deeper(Self::conditional)?;
        self.expect(Sign::Colon, ":", &question)?;
        let no = self.deeper(Self::conditional)?;
        let at = node.at.start..no.at.end;
        self.node(What::Test, vec![node, yes, no], at)
    }

    /// Operators that bind at least as tightly as `power`.
    fn binary(&mut self, power: u8) -> Parsed {
        let mut node = self.unary()?;
        loop {
            let (operator, tokens) = match (self.peek(), self.peek_second()) {
                (Kind::Operator(operator), _) => (*operator, 1),
                (Kind::Sign(Sign::NotWord), Kind::Operator(Operator::In)) => (Operator::NotIn, 2),
                _ => return Ok(node),
            };
            if operator.power() < power {
                return Ok(node);
            }
            self.next += tokens;
            let second = self.deeper(|parser| parser.binary(operator.power() + 1))?;
            let at = node.at.start..second.at.end;
            node = self.node(What::Operator(operator), vec![node, second], at)?;
        }
    }

    fn unary(&mut self) -> Parsed {
        let start = self.here().start;
        let operator = match self.peek() {
            Kind::Operator(Operator::Subtract) => Some(Operator::Negate),
            Kind::Operator(Operator::Add) => None,
            Kind::Sign(Sign::Tilde) => Some(Operator::BitNegate),
            Kind::Sign(Sign::Not | Sign::NotWord) => Some(Operator::Not),
            _ => return self.instance_of(),
        };
        self.next += 1;
        let operand = self.deeper(Self::unary)?;
        match operator {
            Some(operator) => self.node(What::Operator(operator), vec![operand], self.since(start)),
            None => Ok(operand),
        }
    }

    fn instance_of(&mut self) -> Parsed {
        let node = self.chain()?;
        if !self.take(Sign::InstanceOf) {
            return Ok(node);
        }
        let start = node.at.start;
        let class = self.class_name()?;
        self.node(What::InstanceOf(class), vec![node], self.since(start))
    }

    /// A value and what is asked of it: properties, indexes, calls, projections, selections.
    fn chain(&mut self) -> Parsed {
        let mut node = self.deeper(Self::primary)?;
        let start = node.at.start;
        loop {
            let here = self.here();
            let part = match self.peek() {
                Kind::Sign(Sign::Dot) => {
                    self.next += 1;
                    self.deeper(Self::member)?
                }
                Kind::Sign(Sign::OpenBracket) | Kind::Subscript(_) => self.deeper(Self::index)?,
                Kind::Sign(Sign::Open) => {
                    self.next += 1;
                    let on = self.deeper(Self::expression)?;
                    self.expect(Sign::Close, ")", &here)?;
                    node = self.node(What::Eval, vec![node, on], self.since(start))?;
                    continue;
                }
                _ => return Ok(node),
            };
            node = self.node(What::Chain, vec![node, part], self.since(start))?;
        }
    }

    /// What follows a dot.
    fn member(&mut self) -> Parsed {
        let open = self.here();
        match self.peek() {
            Kind::Sign(Sign::OpenBrace) => self.projection(),
            Kind::Sign(Sign::Open) => {
                self.next += 1;
                let node = self.expression()?;
                self.expect(Sign::Close, ")", &open)?;
                Ok(node)
            }
            _ => self.named("a name, a { or a ( after the dot"),
        }
    }

    /// A property or a call of a method.
    fn named(&mut self, what: &str) -> Parsed {
        let start = self.here().start;
        let name = self.name(what)?;
        match self.is(Sign::Open) {
            true => {
                let arguments = self.arguments()?;
                self.node(What::Method(name), arguments, self.since(start))
            }
            false => self.node(What::Property(name), Vec::new(), self.since(start)),
        }
    }

    fn projection(&mut self) -> Parsed {
        let open = self.here();
        self.next += 1;
        let what = match self.peek() {
            Kind::Sign(Sign::Question) => What::Select(Picked::All),
            Kind::Operator(Operator::Xor) if self.text.get(self.here()) == Some("^") => {
                What::Select(Picked::First)
            }
            Kind::Sign(Sign::Dollar) => What::Select(Picked::Last),
            _ => What::Project,
        };
        self.next += usize::from(what != What::Project);
        let node = self.expression()?;
        self.expect(Sign::CloseBrace, "}", &open)?;
        self.node(what, vec![node], self.since(open.start))
    }

    fn index(&mut self) -> Parsed {
        let open = self.here();
        if let Kind::Subscript(subscript) = *self.peek() {
            self.next += 1;
            return self.node(What::Subscript(subscript), Vec::new(), open);
        }
        self.next += 1;
        let node = self.expression()?;
        self.expect(Sign::CloseBracket, "]", &open)?;
        self.node(What::Index, vec![node], self.since(open.start))
    }

    /// Expressions between commas, up to a sign that closes them; there may be none.
    fn list(
        &mut self,
        sign: Sign,
        text: &str,
        open: &Range<usize>,
        item: fn(&mut Self) -> Parsed,
    ) -> Result<Vec<Node>, Error> {
        let mut items = Vec::new();
        if self.take(sign) {
            return Ok(items);
        }
        loop {
            items.push(self.deeper(item)?);
            if !self.take(Sign::Comma) {
                self.expect(sign, text, open)?;
                return Ok(items);
            }
        }
    }

    fn arguments(&mut self) -> Result<Vec<Node>, Error> {
        let open = self.here();
        self.next += 1;
        self.list(Sign::Close, ")", &open, Self::assignment)
    }

    fn elements(&mut self, item: fn(&mut Self) -> Parsed) -> Result<Vec<Node>, Error> {
        let open = self.here();
        if !self.take(Sign::OpenBrace) {
            return Err(self.unexpected("a { is missing"));
        }
        self.list(Sign::CloseBrace, "}", &open, item)
    }

    fn pair(&mut self) -> Parsed {
        let start = self.here().start;
        let mut children = vec![self.assignment()?];
        if self.take(Sign::Colon) {
            children.push(self.assignment()?);
        }
        self.node(What::Pair, children, self.since(start))
    }

    /// `java.util.Map`
    fn class_name(&mut self) -> Result<String, Error> {
        let mut class = self.name("the name of a class")?;
        while self.take(Sign::Dot) {
            class.push('.');
            class.push_str(&self.name("the rest of the class's name")?);
        }
        Ok(class)
    }

    /// `@java.util.Map@`, or `@@`.
    fn class_reference(&mut self) -> Result<Option<String>, Error> {
        self.next += 1;
        let class = if self.is(Sign::At) { None } else { Some(self.class_name()?) };
        match self.take(Sign::At) {
            true => Ok(class),
            false => Err(self.unexpected("a class is written @java.lang.Math@, and its second @ is missing")),
        }
    }

    fn primary(&mut self) -> Parsed {
        let at = self.here();
        match (self.peek(), self.peek_second()) {
            (Kind::Constant(constant), _) => {
                let constant: Constant = constant.clone();
                self.next += 1;
                self.node(What::Constant(constant), Vec::new(), at)
            }
            (Kind::Sign(sign @ (Sign::This | Sign::Root)), _) => {
                let what = if *sign == Sign::This { What::This } else { What::Root };
                self.next += 1;
                self.node(what, Vec::new(), at)
            }
            (Kind::Sign(Sign::Hash), Kind::Sign(Sign::OpenBrace)) => {
                self.next += 1;
                let pairs = self.elements(Self::pair)?;
                self.node(What::Map(None), pairs, self.since(at.start))
            }
            (Kind::Sign(Sign::Hash), Kind::Sign(Sign::At)) => {
                self.next += 1;
                let class = self.class_reference()?.unwrap_or_else(|| DEFAULT_CLASS.to_owned());
                let pairs = self.elements(Self::pair)?;
                self.node(What::Map(Some(class)), pairs, self.since(at.start))
            }
            (Kind::Sign(Sign::Hash), _) => {
                self.next += 1;
                let name = self.name("a variable's name, or the { of a map, after the #")?;
                self.node(What::Variable(name), Vec::new(), self.since(at.start))
            }
            (Kind::Sign(Sign::Colon), Kind::Sign(Sign::OpenBracket)) => {
                self.next += 1;
                let open = self.here();
                self.next += 1;
                let body = self.expression()?;
                self.expect(Sign::CloseBracket, "]", &open)?;
                self.node(What::Lambda, vec![body], self.since(at.start))
            }
            (Kind::Sign(Sign::At), _) => {
                let class = self.class_reference()?.unwrap_or_else(|| DEFAULT_CLASS.to_owned());
                let name = self.name("the name of a field or method of the class")?;
                match self.is(Sign::Open) {
                    true => {
                        let arguments = self.arguments()?;
                        self.node(What::StaticMethod { class, name }, arguments, self.since(at.start))
                    }
                    false => self.node(What::StaticField { class, name }, Vec::new(), self.since(at.start)),
                }
            }
            (Kind::Sign(Sign::New), _) => self.constructor(),
            (Kind::Name(_), _) => self.named("a name"),
            (Kind::Sign(Sign::OpenBracket) | Kind::Subscript(_), _) => self.index(),
            (Kind::Sign(Sign::Open), _) => {
                self.next += 1;
                let node = self.expression()?;
                self.expect(Sign::Close, ")", &at)?;
                Ok(Node { at: self.since(at.start), ..node })
            }
            (Kind::Sign(Sign::OpenBrace), _) => {
                let elements = self.elements(Self::assignment)?;
                self.node(What::List, elements, self.since(at.start))
            }
            _ => Err(self.unexpected("a value is missing")),
        }
    }

    /// `new C(..)`, `new C[size]`, `new C[] {..}`
    fn constructor(&mut self) -> Parsed {
        let start = self.here().start;
        self.next += 1;
        let class = self.class_name()?;
        if self.is(Sign::Open) {
            let arguments = self.arguments()?;
            return self.node(What::New(class), arguments, self.since(start));
        }
        let open = self.here();
        if !self.take(Sign::OpenBracket) {
            return Err(self.unexpected("a ( or [ must follow the class of new"));
        }
        if self.take(Sign::CloseBracket) {
            let elements = self.elements(Self::assignment)?;
            return self.node(What::NewArrayOf(class), elements, self.since(start));
        }
        let size = self.assignment()?;
        self.expect(Sign::CloseBracket, "]", &open)?;
        self.node(What::NewArray(class), vec![size], self.since(start))
    }
}

fn too_deep(at: Range<usize>) -> Error {
    Error::new(at, format!("The expression is nested too deeply: more than {MAX_DEPTH} levels are not read."))
}
