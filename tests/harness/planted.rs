//! A word that nobody would write by chance, planted into a program, and how it is found again whatever was made of it.

use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};

/// Numbers that another run can draw again.
pub struct Dice(u64);

impl Dice {
    /// Those of the environment, or others each time; what was drawn is printed.
    pub fn seeded() -> Self {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        let seed =
            std::env::var("OXPROBE_SEED").map_or_else(|_| now(), |seed| seed.parse().expect("a number"));
        println!("OXPROBE_SEED={seed}");
        Self(seed | 1)
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// One of some.
    pub fn pick<'t>(&mut self, some: &[&'t str]) -> &'t str {
        some[self.roll() as usize % some.len()]
    }

    /// A word that is found nowhere by chance.
    pub fn word(&mut self) -> String {
        let letters = b"abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        (0..24).map(|_| char::from(letters[self.roll() as usize % letters.len()])).collect()
    }
}

/// Pieces of a word in every form in which it may be written: so short that a table's column does not break all of them.
pub fn forms(word: &str) -> Vec<Vec<u8>> {
    const PIECE: usize = 8;
    let mut forms = Vec::new();
    for piece in word.as_bytes().windows(PIECE) {
        let wide = |order: fn(u16) -> [u8; 2]| piece.iter().flat_map(|one| order((*one).into())).collect();
        let reversed: Vec<u8> = piece.iter().rev().copied().collect();
        forms.extend([piece.to_vec(), reversed, wide(u16::to_le_bytes), wide(u16::to_be_bytes)]);
        forms.extend([HEXLOWER, HEXUPPER].map(|form| form.encode(piece).into_bytes()));
    }
    // Base64 looks otherwise by what is before; what hangs on the neighbours is left out.
    for before in 0..3 {
        let bytes = [&vec![0; before][..], word.as_bytes()].concat();
        for form in [BASE64, BASE64URL] {
            let text = form.encode(&bytes).into_bytes();
            forms.push(text[4..text.len() - 4].to_vec());
        }
    }
    forms
}

/// Whether the word is there in any of its forms.
pub fn finds(bytes: &[u8], forms: &[Vec<u8>]) -> bool {
    forms.iter().any(|form| bytes.windows(form.len()).any(|window| window == form))
}
