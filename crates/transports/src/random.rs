//! Names nobody can guess: cookies, sessions, a password made up.

use ring::rand::{SecureRandom, SystemRandom};

/// 128 bits of the system's randomness in hexadecimal. The error is a sentence.
pub(crate) fn name() -> Result<String, &'static str> {
    let mut bytes = [0_u8; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| "the system has no random numbers to give")?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
