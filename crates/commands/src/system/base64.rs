//! `base64`: files of the pod as text that any channel carries, and back.

use std::io::ErrorKind;
use std::path::Path;

use super::file;
use crate::permission;
use crate::prelude::*;

/// Encode a file of the pod in base64, or decode one
///
/// With `-o` the result goes to a new file, for which the permission `mutate` is needed, too; without it, it is
/// shown. What a file holds is shown as it is, secrets included.
#[derive(Args)]
#[command(group = System, permission = Dump, example = "base64 /etc/hostname")]
#[command(example = "base64 -d patch.b64 -o patch.class")]
pub(crate) struct Base64 {
    /// Decode
    #[arg(short = 'd', long)]
    decode: bool,
    /// The file, as if it stood alone
    #[arg(short = 'i', long)]
    input: Option<FilePath>,
    /// The new file for the result
    #[arg(short = 'o', long)]
    output: Option<FilePath>,
    /// At most so many bytes: 128 KiB unless told otherwise, 8 MiB at most
    #[arg(short = 'M', long = "sizeLimit", label = "bytes")]
    size_limit: Option<u64>,
    /// The file
    file: Option<FilePath>,
}

impl Command for Base64 {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let limit = file::limit(self.size_limit, cx)?;
        if self.output.is_some() {
            permission::need(cx, Permission::Mutate, "Writing a file")?;
        }
        let path = self.file.or(self.input).ok_or_else(|| Failure::new("Name the file: `base64 FILE`."))?;
        let bytes = file::read("", &path, limit)?;
        let result = if self.decode {
            decode(&bytes).map_err(|at| {
                Failure::new(format!(
                    "{path}: Is no base64: byte {at} is no character of it; decode needs A-Z a-z 0-9 + / ="
                ))
            })?
        } else {
            encode(&bytes).into_bytes()
        };
        let Some(output) = self.output else {
            return cx.emit(Coded { content: Some(String::from_utf8_lossy(&result).into_owned()) });
        };
        host::files::write_new(Path::new(output.as_str()), &result).map_err(|why| {
            Failure::new(match why.kind() {
                ErrorKind::AlreadyExists => format!("{output}: Is there already; name a new file"),
                _ => format!("{output}: Cannot be written: {why}"),
            })
        })?;
        cx.emit(Coded { content: None })
    }
}

#[derive(Serialize)]
struct Coded {
    /// None where it went to a file.
    content: Option<String>,
}

impl Show for Coded {
    const KIND: &'static str = "base64";

    fn layout(&self) -> Layout {
        Layout::stack(self.content.iter().map(|text| Layout::line(text.clone())).collect())
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Characters in a line (RFC 2045).
const LINE: usize = 76;

pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4 + bytes.len() / 57);
    for (at, group) in bytes.chunks(3).enumerate() {
        if at > 0 && (at * 4).is_multiple_of(LINE) {
            text.push('\n');
        }
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place)) & 63;
            let letter = ALPHABET.get(index as usize).filter(|_| place <= group.len());
            text.push(letter.map_or('=', |letter| char::from(*letter)));
        }
    }
    text
}

/// The bytes; blanks and line ends between the characters count for nothing. The error is the place of
/// what is no character of base64.
fn decode(text: &[u8]) -> Result<Vec<u8>, usize> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count, mut ended) = (0_u32, 0_u32, false);
    for (at, letter) in text.iter().enumerate() {
        if letter.is_ascii_whitespace() {
            continue;
        }
        if *letter == b'=' {
            ended = true;
            continue;
        }
        let value = ALPHABET.iter().position(|known| known == letter).filter(|_| !ended).ok_or(at)?;
        bits = bits << 6 | u32::try_from(value).unwrap_or(0);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_comes_back_from_lines_of_76() {
        for length in 0..200_u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(73)).collect();
            let text = encode(&bytes);
            assert!(text.lines().all(|line| line.len() <= LINE), "{text}");
            assert_eq!(text.lines().map(str::len).sum::<usize>(), bytes.len().div_ceil(3) * 4);
            assert!(!text.ends_with('\n'));
            assert_eq!(decode(text.as_bytes()), Ok(bytes));
        }
    }

    #[test]
    fn what_the_standard_encodes_is_encoded_so() {
        // RFC 4648, 10.
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(encode(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn what_is_no_base64_is_pointed_at() {
        assert_eq!(decode(b"Zm9v\r\n Zm8="), Ok(b"foofo".to_vec()));
        assert_eq!(decode(b"Zm-v"), Err(2));
        assert_eq!(decode(b"Zg==Zg=="), Err(4));
    }
}
