//! Numbers of `java.math`: the JDK calculates, we only call it.

use jvm::Local;
use ognl::{BigOperation, Digits, ErrorKind, Fault, Magnitude, Standard};

use super::{Java, Thing, broken, too_many};

const INTEGER: &str = "java/math/BigInteger";
const DECIMAL: &str = "java/math/BigDecimal";

impl<'f> Java<'_, 'f> {
    pub(super) fn new_integer(&self, of: Digits<'_, Thing<'f>>) -> Result<Thing<'f>, Fault> {
        let env = self.live().env();
        let made: jvm::Result<Local<'f>> = match of {
            Digits::Long(value) => env.find_class(INTEGER).and_then(|class| {
                env.call_static(&class, "valueOf", "(J)Ljava/math/BigInteger;", &[value.into()])
            }),
            Digits::Text(units, radix) => env.find_class(INTEGER).and_then(|class| {
                let text = env.new_units(units)?;
                let radix = i32::try_from(radix).unwrap_or(10);
                env.new_object(&class, "(Ljava/lang/String;I)V", &[text.object().into(), radix.into()])
            }),
            Digits::Other(decimal) => {
                env.call(decimal.local(), "toBigInteger", "()Ljava/math/BigInteger;", &[])
            }
        };
        self.number(made, Standard::BigInteger)
    }

    pub(super) fn new_decimal(&self, of: Digits<'_, Thing<'f>>) -> Result<Thing<'f>, Fault> {
        let env = self.live().env();
        let made: jvm::Result<Local<'f>> = env.find_class(DECIMAL).and_then(|class| match of {
            Digits::Long(value) => {
                env.call_static(&class, "valueOf", "(J)Ljava/math/BigDecimal;", &[value.into()])
            }
            Digits::Text(units, _) => {
                let text = env.new_units(units)?;
                env.new_object(&class, "(Ljava/lang/String;)V", &[text.object().into()])
            }
            Digits::Other(integer) => {
                env.new_object(&class, "(Ljava/math/BigInteger;)V", &[integer.local().into()])
            }
        });
        self.number(made, Standard::BigDecimal)
    }

    fn number(&self, made: jvm::Result<Local<'f>>, of: Standard) -> Result<Thing<'f>, Fault> {
        let made = made.map_err(|why| match why {
            jvm::Error::Thrown(thrown) if thrown.class == "java.lang.NumberFormatException" => {
                let message = thrown.message.unwrap_or_else(|| "The text is no number.".to_owned());
                Fault::new(ErrorKind::NumberFormat, message)
            }
            other => broken(other),
        })?;
        Ok(Thing::of_class(made, self.known.standard(of)))
    }

    /// Whether it is a `BigInteger`; a `BigDecimal` else.
    fn is_integer(&self, number: &Thing<'f>) -> Result<bool, Fault> {
        Ok(self.class_place(number)? == self.known.standard(Standard::BigInteger))
    }

    pub(super) fn operated(
        &self,
        operation: BigOperation,
        one: &Thing<'f>,
        other: Option<&Thing<'f>>,
    ) -> Result<Thing<'f>, Fault> {
        let env = self.live().env();
        let is_integer = self.is_integer(one)?;
        let (class, of) = match is_integer {
            true => (INTEGER, Standard::BigInteger),
            false => (DECIMAL, Standard::BigDecimal),
        };
        let name = match operation {
            BigOperation::Add => "add",
            BigOperation::Subtract => "subtract",
            BigOperation::Multiply => "multiply",
            BigOperation::Divide => "divide",
            BigOperation::Remainder => "remainder",
            BigOperation::And => "and",
            BigOperation::Or => "or",
            BigOperation::Xor => "xor",
            BigOperation::ShiftLeft(_) => "shiftLeft",
            BigOperation::ShiftRight(_) => "shiftRight",
            BigOperation::Negate => "negate",
            BigOperation::Not => "not",
        };
        let made: jvm::Result<Local<'f>> = match (operation, other) {
            (BigOperation::ShiftLeft(bits) | BigOperation::ShiftRight(bits), _) => {
                env.call(one.local(), name, &format!("(I)L{class};"), &[bits.into()])
            }
            (BigOperation::Divide, Some(other)) if !is_integer => self.divided(one, other),
            (_, Some(other)) => {
                env.call(one.local(), name, &format!("(L{class};)L{class};"), &[other.local().into()])
            }
            (_, None) => env.call(one.local(), name, &format!("()L{class};"), &[]),
        };
        self.number(made, of)
    }

    /// With the scale of the first, half to even.
    fn divided(&self, one: &Thing<'f>, other: &Thing<'f>) -> jvm::Result<Local<'f>> {
        let env = self.live().env();
        let modes = env.find_class("java/math/RoundingMode")?;
        let mode: Local<'f> = env.get_static(&modes, "HALF_EVEN", "Ljava/math/RoundingMode;")?;
        let scale: i32 = env.call(one.local(), "scale", "()I", &[])?;
        let descriptor = "(Ljava/math/BigDecimal;ILjava/math/RoundingMode;)Ljava/math/BigDecimal;";
        env.call(one.local(), "divide", descriptor, &[other.local().into(), scale.into(), (&mode).into()])
    }

    pub(super) fn compared(&self, one: &Thing<'f>, other: &Thing<'f>) -> Result<i32, Fault> {
        let class = if self.is_integer(one)? { INTEGER } else { DECIMAL };
        let env = self.live().env();
        env.call(one.local(), "compareTo", &format!("(L{class};)I"), &[other.local().into()]).map_err(broken)
    }

    pub(super) fn measured(&self, number: &Thing<'f>) -> Result<Magnitude, Fault> {
        let env = self.live().env();
        let measured = if self.is_integer(number)? {
            env.call::<i32>(number.local(), "bitLength", "()I", &[]).map(|bits| (bits, 0))
        } else {
            env.call::<Local<'f>>(number.local(), "unscaledValue", "()Ljava/math/BigInteger;", &[]).and_then(
                |unscaled| {
                    let bits = env.call::<i32>(&unscaled, "bitLength", "()I", &[])?;
                    Ok((bits, env.call::<i32>(number.local(), "scale", "()I", &[])?))
                },
            )
        };
        let (bits, scale) = measured.map_err(broken)?;
        Ok(Magnitude { bits: u64::try_from(bits).map_err(|_| too_many())?, scale })
    }
}
