//! `history`: the lines typed so far.

use crate::prelude::*;

/// Show or forget the lines typed so far
#[derive(Args)]
#[command(group = Shell, permission = View, example = "history", example = "history 10", example = "history -c")]
pub(crate) struct History {
    /// Forget them all
    #[arg(short = 'c', long = "clear")]
    clear: bool,
    /// Show only the last so many
    number: Option<usize>,
}

impl Command for History {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        if self.clear {
            cx.clear_history();
            return Ok(());
        }
        let all = cx.history();
        let skipped = all.len().saturating_sub(self.number.unwrap_or(usize::MAX));
        cx.emit(Lines { history: all.into_iter().skip(skipped).collect(), skipped })
    }
}

#[derive(Serialize)]
struct Lines {
    history: Vec<String>,
    /// How many there are before these.
    #[serde(skip)]
    skipped: usize,
}

impl Show for Lines {
    const KIND: &'static str = "history";

    fn layout(&self) -> Layout {
        let lines = self.history.iter().zip(self.skipped + 1..);
        Layout::stack(lines.map(|(line, number)| Layout::line(format!("{number:>5}  {line}"))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_numbers_when_earlier_ones_are_left_out() {
        let lines = Lines { history: vec!["jvm".to_owned(), "thread -n 3".to_owned()], skipped: 8 };
        let Layout::Group(group) = lines.layout() else { unreachable!("a group was made") };
        assert_eq!(group.items, [Layout::line("    9  jvm"), Layout::line("   10  thread -n 3")]);
    }
}
