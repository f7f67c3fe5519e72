//! `tee`: into a file, and on.

use std::io::Write;

use super::{Filter, HandOn};
use crate::output::cannot_write;
use crate::{Args, Failure, FilePath, OutputFile, Outside, Target, UsageError, Word};

/// Write a command's output to a file, too
///
/// The file lies in the JVM's file system; missing folders are made. Colours are kept: put `plaintext` before
/// it to leave them out.
#[derive(Args)]
#[command(group = Filter, permission = Dump, example = "thread | tee /tmp/threads.txt | grep main")]
pub(super) struct Tee {
    /// Write at the end of the file, not instead of what is in it
    #[arg(short = 'a', long = "append")]
    append: bool,
    /// The file; without one the output only goes on
    file: Option<FilePath>,
}

pub(super) fn make(words: &[Word]) -> Result<Box<dyn Filter>, UsageError> {
    Ok(Box::new(Teeing { wanted: Tee::parse(words)?, file: None }))
}

struct Teeing {
    wanted: Tee,
    file: Option<OutputFile>,
}

impl Filter for Teeing {
    fn open(&mut self, outside: &dyn Outside) -> Result<(), Failure> {
        let Some(path) = self.wanted.file.as_deref() else { return Ok(()) };
        let target = Target::Path { path, append: self.wanted.append };
        let opened = outside.open_file(target);
        self.file = Some(opened.map_err(|why| cannot_write(path, &why))?);
        Ok(())
    }

    fn line(&mut self, line: &str, hand_on: &mut HandOn<'_>) -> Result<(), Failure> {
        if let Some(OutputFile { path, file }) = &mut self.file {
            let written = file.write_all(format!("{line}\n").as_bytes());
            written.map_err(|why| cannot_write(&path.to_string_lossy(), &why))?;
        }
        hand_on(line)
    }

    fn has_effect(&self) -> bool {
        self.wanted.file.is_some()
    }
}
