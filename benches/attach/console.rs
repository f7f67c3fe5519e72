//! How long a line takes in a terminal through the tunnel server.

use std::time::Instant;

use harness::{Java, Terminal, Tunnel};

use benches::row::median;

/// An open terminal that stands at its prompt.
pub struct Console {
    terminal: Terminal,
}

impl Console {
    /// Brings the agent in a JVM to the tunnel and opens a terminal of it.
    pub fn open(tunnel: &Tunnel, java: &Java) -> Self {
        Self { terminal: Terminal::open(tunnel, java, "bench") }
    }

    /// Milliseconds from Enter to the next prompt, the middle of many rounds after one that is not counted.
    pub fn median_ms(&mut self, line: &str, rounds: usize) -> f64 {
        self.run(line);
        median(&(0..rounds).map(|_| self.run(line)).collect::<Vec<_>>())
    }

    fn run(&mut self, line: &str) -> f64 {
        let prompt = self.terminal.prompt.clone();
        let start = Instant::now();
        self.terminal.keys(&format!("{line}\r"));
        // The first line is the echo; what the line editor draws there does not count.
        let ends = |text: &str| text.split_once('\n').is_some_and(|(_, rest)| rest.contains(&prompt));
        let text = self.terminal.until(ends);
        let took = start.elapsed().as_secs_f64() * 1e3;
        assert!(text.lines().count() > 2, "{line} printed nothing: {text:?}");
        took
    }
}
