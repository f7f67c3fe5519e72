//! `heapdump`: the whole heap in a file, for the tools that read such files.

use host::dump::DumpRequest;

use crate::prelude::*;
use crate::units;

/// Write the heap to a file
///
/// The JVM stands still while it writes, and writing takes as long as the disk: about a second for
/// each few hundred megabytes. The file lies where the JVM runs, readable by the JVM's user only.
#[derive(Args)]
#[command(
    group = Memory,
    permission = Dump,
    example = "heapdump",
    example = "heapdump --live /tmp/orders.hprof"
)]
pub(crate) struct Heapdump {
    /// Only objects that are reachable; collects garbage first
    #[arg(short = 'l', long = "live")]
    live: bool,
    /// The file, which must not exist yet; default: heapdump<date>.hprof in the JVM's temporary folder
    file: Option<FilePath>,
}

impl Command for Heapdump {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let request = DumpRequest::new(self.file.map(FilePath::into_string), self.live);
        let file = host.dump_file(&request).or_fail()?;
        let name = file.display().to_string();
        cx.message(format!("Dumping heap to {name} ..."))?;
        let written = host.dump_heap(&file, self.live).or_fail()?;
        cx.message(format!(
            "Heap dump file created: {} in {} ms",
            units::human(written.bytes),
            units::millis(written.took)
        ))?;
        cx.emit(HeapDumped { dump_file: name, live: self.live })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HeapDumped {
    dump_file: String,
    live: bool,
}

impl Show for HeapDumped {
    const KIND: &'static str = "heapdump";

    /// The messages before have said it all.
    fn layout(&self) -> Layout {
        Layout::stack(Vec::new())
    }
}
