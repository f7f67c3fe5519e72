//! Runs the bodies on stable Rust: the corpus first, then seeded mutations of it.
//!
//! The same seed gives the same inputs, so a failure is a line to paste. An input that fails is
//! written to `fuzz/failures/` and becomes part of the corpus once it is mended.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use oxprobe_fuzz::{BODIES, Body};

/// No body may take longer than this for one input.
const SLOWEST: Duration = Duration::from_secs(2);

fn main() {
    let mut seconds = 10;
    let mut seed = 1_u64;
    let mut names = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--seconds" => seconds = number(args.next()),
            "--seed" => seed = number(args.next()),
            name if BODIES.iter().any(|body| body.name == name) => names.push(name.to_owned()),
            _ => usage(),
        }
    }
    let chosen: Vec<&Body> =
        BODIES.iter().filter(|body| names.is_empty() || names.contains(&body.name.to_owned())).collect();
    let each = Duration::from_secs(seconds) / chosen.len() as u32;
    let mut failed = 0;
    for body in &chosen {
        let (runs, failures) = drive(body, each, seed);
        println!("{:10} {runs:>9} inputs, {failures} failed", body.name);
        failed += failures;
    }
    println!("{} passed, {failed} failed", chosen.len() - failed.min(chosen.len()));
    if failed > 0 {
        std::process::exit(1);
    }
}

fn number(text: Option<String>) -> u64 {
    text.and_then(|text| text.parse().ok()).unwrap_or_else(|| usage())
}

fn usage() -> ! {
    let names: Vec<&str> = BODIES.iter().map(|body| body.name).collect();
    eprintln!("usage: oxprobe-fuzz [--seconds N] [--seed N] [BODY...]; bodies: {}", names.join(" "));
    std::process::exit(2);
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let mut inputs = vec![Vec::new()];
    let entries = std::fs::read_dir(folder().join("corpus").join(name)).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    inputs.extend(paths.iter().filter_map(|path| std::fs::read(path).ok()));
    inputs
}

/// Runs one body until its time is over; at most one failure, since the next would be the same.
fn drive(body: &Body, limit: Duration, seed: u64) -> (u64, usize) {
    let mut pool = corpus(body.name);
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let end = Instant::now() + limit;
    let mut runs = 0;
    let known = pool.len();
    while runs < known as u64 || Instant::now() < end {
        let input = match pool.get(runs as usize) {
            Some(seed) if (runs as usize) < known => seed.clone(),
            _ => mutate(&pool, &mut random),
        };
        let start = Instant::now();
        let outcome = std::panic::catch_unwind(|| (body.run)(&input));
        if outcome.is_err() || start.elapsed() > SLOWEST {
            report(body.name, &input);
            return (runs + 1, 1);
        }
        // Without coverage to guide it, the pool grows by chance.
        if pool.len() < 4096 && random.below(64) == 0 {
            pool.push(input);
        }
        runs += 1;
    }
    (runs, 0)
}

fn report(name: &str, input: &[u8]) {
    let path = folder().join("failures").join(name);
    let written =
        path.parent().map(Path::to_owned).map(std::fs::create_dir_all).is_some_and(|made| made.is_ok())
            && std::fs::write(&path, input).is_ok();
    let place = if written { path.display().to_string() } else { "nowhere".to_owned() };
    eprintln!(
        "{name} failed on {} bytes, written to {place}: {:?}",
        input.len(),
        String::from_utf8_lossy(input)
    );
}

fn mutate(pool: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    const LIKELY: &[u8] =
        b"\0\x01\x03\x04\x08\t\n\r\x1b\x7f\x80\xc3\xe2\xf0\xff \"'\\|&><=-[]{}?%*@$~;:,.09aZ";
    let mut input = pool.get(random.below(pool.len())).cloned().unwrap_or_default();
    for _ in 0..=random.below(8) {
        let at = random.below(input.len() + 1);
        let byte = LIKELY.get(random.below(LIKELY.len())).copied().unwrap_or(0);
        match random.below(6) {
            0 => input.insert(at, byte),
            1 if at < input.len() => input[at] = byte,
            2 if at < input.len() => input[at] ^= 1 << random.below(8),
            3 if at < input.len() => drop(input.remove(at)),
            4 => input.truncate(at),
            _ => {
                let other = pool.get(random.below(pool.len())).map_or(&[][..], Vec::as_slice);
                let from = random.below(other.len() + 1);
                input.extend_from_slice(&other[from..]);
            }
        }
        input.truncate(1 << 16);
    }
    input
}

/// A linear congruential generator: quick, and the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}
