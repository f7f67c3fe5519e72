//! The terminal we run in: its size, and raw mode that never outlives us.

use std::io::{IsTerminal, Write};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use wire::Resize;

/// What is assumed where there is no terminal: wide enough that tables are not cut for a file.
const WITHOUT: Resize = Resize { cols: 160, rows: 50 };

/// The size to draw for: standard output's terminal, else `COLUMNS` and `LINES`, else wide.
pub fn size() -> Resize {
    if let Ok(size) = tcgetwinsize(std::io::stdout())
        && size.ws_col > 0
        && size.ws_row > 0
    {
        return Resize { cols: size.ws_col, rows: size.ws_row };
    }
    let variable = |name| std::env::var(name).ok()?.parse().ok().filter(|number| *number > 0);
    Resize {
        cols: variable("COLUMNS").unwrap_or(WITHOUT.cols),
        rows: variable("LINES").unwrap_or(WITHOUT.rows),
    }
}

/// Whether colours are wanted: a terminal that knows them, and no `NO_COLOR`.
pub fn has_color() -> bool {
    std::io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Raw mode on standard input while it lives: every key comes through, Ctrl-C and Ctrl-S too.
#[derive(Debug)]
#[must_use]
pub struct Raw {
    before: Termios,
}

impl Raw {
    /// Enters raw mode; fails where standard input is no terminal.
    pub fn enter() -> std::io::Result<Self> {
        let before = tcgetattr(std::io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(std::io::stdin(), OptionalActions::Now, &raw)?;
        Ok(Self { before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // A program that ended in the middle may have left colours on and the cursor off.
        let mut out = std::io::stdout();
        let _ = out.write_all(b"\x1b[0m\x1b[?25h").and_then(|()| out.flush());
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before);
    }
}
