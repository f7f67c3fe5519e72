//! A number nobody else can know, by which the loader recognises the agent it has loaded.

use std::fs::File;
use std::io::Read;
use std::time::SystemTime;

/// 128 random bits as 32 hexadecimal digits.
pub fn make() -> String {
    let mut bytes = [0; 16];
    if File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).is_err() {
        // Without it the nonce still tells two attaches apart, which is what it is for; who may answer
        // is decided by the socket's peer.
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        bytes = (now ^ (u128::from(std::process::id()) << 96)).to_be_bytes();
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn two_are_never_the_same() {
        let (one, two) = (super::make(), super::make());
        assert_eq!(one.len(), 32);
        assert_ne!(one, two);
    }
}
