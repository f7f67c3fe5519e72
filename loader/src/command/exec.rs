//! `oxprobe exec`: command lines in a JVM, one, or one after the other.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;

use wire::Message;

use super::run::Run;
use super::{Outcome, Usage, Way};
use crate::agent::Connection;

/// Run a command in a JVM, or several
///
/// Several run in order on one connection; one that fails does not keep the next from running unless
/// --stop-on-error is given. The exit code is that of the first that failed.
#[derive(Debug, Args)]
pub struct Exec {
    #[command(flatten)]
    way: Way,
    /// Results as JSON, one object a line; the last one of a command is its status
    #[arg(long)]
    json: bool,
    /// Interrupt the command after this time; of several, all together
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    timeout: Option<u64>,
    /// Fail when the agent is not in
    #[arg(long)]
    no_attach: bool,
    /// Several commands, separated by `;` outside of quotes
    #[arg(short = 'c', long, value_name = "COMMANDS", conflicts_with_all = ["file", "command"])]
    commands: Option<String>,
    /// The commands of a file, one a line (`-` is standard input); blank lines and those that begin with `#` are left out
    #[arg(short = 'f', long, value_name = "FILE", conflicts_with = "command")]
    file: Option<PathBuf>,
    /// Send a file along: a command that reads files finds it under this path, or under its name alone. May be repeated;
    /// nothing of it is written where the JVM runs
    #[arg(long, value_name = "FILE")]
    send: Vec<PathBuf>,
    /// Of several commands, run no further one once one has failed
    #[arg(long)]
    stop_on_error: bool,
    /// The command line; one word is taken as it is, several are quoted where needed
    #[arg(
        required_unless_present_any = ["commands", "file"],
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "COMMAND"
    )]
    command: Vec<String>,
}

impl Exec {
    /// Runs the commands.
    pub fn run(self) -> Outcome {
        let lines = self.lines()?;
        if lines.is_empty() {
            return Err(Usage("there is no command; `oxprobe exec PID help` lists them".to_owned()).into());
        }
        let files = self.send.iter().map(|path| sent(path)).collect::<Result<Vec<_>, _>>()?;
        let mut connection = self.way.connect(!self.no_attach)?;
        if !files.is_empty() {
            send(&mut connection, &files)?;
        }
        let deadline = self.timeout.map(|seconds| Instant::now() + Duration::from_secs(seconds));
        let mut run = Run::new(connection, self.json, deadline)?;
        let mut code = 0;
        for line in &lines {
            // A session of its own for each line has nothing to leave; what follows is not wanted.
            if lines.len() > 1 && matches!(line.as_str(), "quit" | "exit" | "logout" | "q") {
                break;
            }
            let ended = run.line(line)?;
            if ended != 0 && lines.len() > 1 && !self.json {
                eprintln!("oxprobe: that was `{line}`");
            }
            code = if code == 0 { ended } else { code };
            if run.is_over() || (self.stop_on_error && ended != 0) {
                break;
            }
        }
        Ok(ExitCode::from(code))
    }

    fn lines(&self) -> anyhow::Result<Vec<String>> {
        let lines = match (&self.commands, &self.file) {
            (Some(commands), _) => split(commands),
            (None, Some(file)) => of_file(&read(file)?),
            (None, None) => vec![line(&self.command)],
        };
        Ok(lines.into_iter().filter(|line| !line.trim().is_empty()).collect())
    }
}

/// How much of a file goes into a frame.
const PIECE: usize = wire::MAX_PAYLOAD / 4;

/// A file to be sent along, and its name.
fn sent(path: &Path) -> Result<(wire::File, Vec<u8>), Usage> {
    let fails = |why: String| Usage(format!("{} cannot be sent: {why}", path.display()));
    let facts = std::fs::metadata(path).map_err(|why| fails(why.to_string()))?;
    if !facts.is_file() {
        return Err(fails("it is no regular file".to_owned()));
    }
    if facts.len() > wire::File::LONGEST {
        let most = wire::File::LONGEST;
        return Err(fails(format!("it has {} bytes, and {most} is the most", facts.len())));
    }
    let bytes = std::fs::read(path).map_err(|why| fails(why.to_string()))?;
    let name = path.to_string_lossy().into_owned();
    Ok((wire::File { name, size: bytes.len() as u64, checksum: wire::checksum(&bytes) }, bytes))
}

/// Sends files ahead of the commands.
fn send(connection: &mut Connection, files: &[(wire::File, Vec<u8>)]) -> anyhow::Result<()> {
    let knows = connection.hello.capabilities.iter().any(|one| one == wire::File::CAPABILITY);
    anyhow::ensure!(
        knows,
        "the agent in JVM {} is oxprobe {}, which takes no files: attach a newer one (`oxprobe attach`)",
        connection.process().pid,
        connection.hello.product
    );
    for (file, bytes) in files {
        connection.send(0, Message::File(file.clone()))?;
        for piece in bytes.chunks(PIECE) {
            connection.send(0, Message::FilePart(piece.to_vec()))?;
        }
    }
    Ok(())
}

/// The text of a file of commands.
fn read(file: &Path) -> Result<String, Usage> {
    let mut bytes = Vec::new();
    let read = match file.to_str() {
        Some("-") => std::io::stdin().lock().read_to_end(&mut bytes).map(drop),
        _ => std::fs::read(file).map(|read| bytes = read),
    };
    read.map_err(|why| Usage(format!("{} cannot be read: {why}", file.display())))?;
    String::from_utf8(bytes).map_err(|why| {
        let line =
            1 + why.as_bytes().iter().take(why.utf8_error().valid_up_to()).filter(|b| **b == b'\n').count();
        Usage(format!("{}: line {line} is not UTF-8; nothing was run", file.display()))
    })
}

/// One command a line.
fn of_file(text: &str) -> Vec<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

/// Commands between `;`, which in quotes and behind a `\` is text, as for the agent's shell.
fn split(commands: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut quote = None;
    let mut chars = commands.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, ';') => {
                lines.push(String::new());
                continue;
            }
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        let takes_next = c == '\\' && (quote.is_none() || (quote == Some('"') && chars.peek() == Some(&'"')));
        let next = if takes_next { chars.next() } else { None };
        if let Some(line) = lines.last_mut() {
            line.push(c);
            line.extend(next);
        }
    }
    lines.iter().map(|line| line.trim().to_owned()).collect()
}

/// One word is a whole command line. Of several, those the agent's shell would split or change are
/// quoted; an operator (`|`, `>`, `>>`, `&`) stays one.
fn line(words: &[String]) -> String {
    if let [line] = words {
        return line.clone();
    }
    let needs_quotes = |word: &str| {
        let is_operator = matches!(word, "|" | ">" | ">>" | "&");
        word.is_empty()
            || !is_operator
                && (word.contains(['\'', '"', '\\', '|', '>', '&']) || word.contains(char::is_whitespace))
    };
    let quoted = words.iter().map(|word| {
        if !needs_quotes(word) {
            word.clone()
        } else if !word.contains('\'') {
            format!("'{word}'")
        } else {
            format!("\"{}\"", word.replace('"', "\\\""))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> String {
        line(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn one_word_is_the_line_itself() {
        assert_eq!(words(&["thread -n 3 | grep main"]), "thread -n 3 | grep main");
    }

    #[test]
    fn of_several_words_those_with_a_meaning_are_quoted() {
        assert_eq!(words(&["thread", "-n", "3", "|", "grep", "main"]), "thread -n 3 | grep main");
        assert_eq!(words(&["grep", "a b", "it's", "a|b", ""]), "grep 'a b' \"it's\" 'a|b' ''");
        assert_eq!(words(&["sysprop", "k", "a'b\"c"]), "sysprop k \"a'b\\\"c\"");
    }

    #[test]
    fn commands_are_split_at_semicolons_outside_of_quotes() {
        for (text, lines) in [
            ("version", vec!["version"]),
            (" version ; thread -n 3;", vec!["version", "thread -n 3", ""]),
            ("watch a b 'x;y' ; pwd", vec!["watch a b 'x;y'", "pwd"]),
            (r#"echo "a\";b"; pwd"#, vec![r#"echo "a\";b""#, "pwd"]),
            (r"echo a\;b;pwd", vec![r"echo a\;b", "pwd"]),
            (r"echo '\';pwd", vec![r"echo '\'", "pwd"]),
            ("echo 'open;pwd", vec!["echo 'open;pwd"]),
        ] {
            assert_eq!(split(text), lines, "{text}");
        }
    }

    #[test]
    fn comments_and_blank_lines_of_a_file_are_left_out() {
        assert_eq!(of_file("\u{feff}# first\n\n version \r\n#x\nthread -n 3"), ["version", "thread -n 3"]);
    }
}
