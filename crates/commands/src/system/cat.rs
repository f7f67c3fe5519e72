//! `cat`: text files of the pod.

use super::file;
use crate::prelude::*;

/// Show text files of the pod
///
/// Paths are those of the JVM's process and are read as its user. What follows a name such as `password=` is left
/// out (option redact). Pipes and devices are not read.
#[derive(Args)]
#[command(group = System, permission = Dump, example = "cat /etc/hostname")]
#[command(example = "cat --encoding GBK -M 1048576 app.log")]
pub(crate) struct Cat {
    /// The charset of the files; default: UTF-8
    #[arg(long)]
    encoding: Option<String>,
    /// At most so many bytes of each file: 128 KiB unless told otherwise, 8 MiB at most
    #[arg(short = 'M', long = "sizeLimit", label = "bytes")]
    size_limit: Option<u64>,
    /// The files
    #[arg(required)]
    files: Vec<FilePath>,
}

impl Command for Cat {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let limit = file::limit(self.size_limit, cx)?;
        let redaction = host.options().redaction();
        for path in &self.files {
            let bytes = file::read("cat ", path, limit)?;
            let text = match self.encoding.as_deref() {
                None => String::from_utf8_lossy(&bytes).into_owned(),
                Some(utf8) if utf8.eq_ignore_ascii_case("utf-8") => {
                    String::from_utf8_lossy(&bytes).into_owned()
                }
                Some(charset) => host.decode(&bytes, charset).or_fail()?,
            };
            let content = redaction.scrub(&text).into_owned();
            cx.emit(Content { file: path.as_str().to_owned(), content })?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Content {
    file: String,
    content: String,
}

impl Show for Content {
    const KIND: &'static str = "cat";

    fn layout(&self) -> Layout {
        let text = self.content.strip_suffix('\n').unwrap_or(&self.content);
        Layout::line(text.to_owned())
    }
}
