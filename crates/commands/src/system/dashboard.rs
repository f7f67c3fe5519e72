//! `dashboard`: threads, memory, collections and the JVM on one screen, again and again.

use std::collections::BTreeMap;
use std::time::Duration;

use host::gc::Collector;
use host::memory::Memory;
use host::threads::CpuTimes;
use host::{clock, process};

use model::Overflow;

use crate::memory::memory;
use crate::prelude::*;
use crate::thread::usage::{self, ThreadUsage};
use crate::units;

/// Show threads, memory, collections and the JVM on one screen, again and again
///
/// The first picture comes at once and orders threads by all processor time they have used; the
/// next ones by what they used since the last. `q` or Ctrl-C ends it.
#[derive(Args)]
#[command(group = System, permission = View, example = "dashboard", example = "dashboard -i 1000 -n 3", ends_on_q)]
pub(crate) struct Dashboard {
    /// Time between two pictures
    #[arg(short = 'i', long = "interval", label = "ms", default = "5000")]
    interval: u64,
    /// Ends after so many pictures
    #[arg(short = 'n', long = "number-of-execution")]
    number: Option<u64>,
}

/// More often than this nobody can read.
const SHORTEST: Duration = Duration::from_millis(100);

impl Command for Dashboard {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let interval = Duration::from_millis(self.interval).max(SHORTEST);
        let constant = Constant::read(host)?;
        let mut last: Option<CpuTimes> = None;
        let mut shown = 0;
        loop {
            if self.number.is_some_and(|number| shown >= number) {
                return Err(Failure::with_status(0, format!("Process ends after {shown} time(s).")));
            }
            if shown > 0 {
                cx.sleep(interval)?;
            }
            let threads = host.threads().or_fail()?;
            let now = threads.cpu_times();
            let threads = usage::between(last.as_ref(), threads);
            last = Some(now);
            let screen = usize::from(cx.size().rows);
            cx.emit(Picture {
                threads,
                memory_info: host.memory().or_fail()?,
                gc_infos: host.collectors().or_fail()?.into_iter().map(plain_name).collect(),
                runtime_info: constant.now(host)?,
                screen,
            })?;
            shown += 1;
        }
    }
}

/// Names in rows are written like those of memory pools.
fn plain_name(collector: Collector) -> Collector {
    Collector { name: collector.name.to_lowercase().replace(' ', "_"), ..collector }
}

/// What does not change while the dashboard runs.
struct Constant {
    os_name: String,
    os_version: String,
    java_version: String,
    java_home: String,
    processors: i32,
}

impl Constant {
    fn read(host: &Host) -> Result<Self, Failure> {
        let properties: BTreeMap<String, String> = host.properties().or_fail()?;
        let property = |name: &str| properties.get(name).cloned().unwrap_or_default();
        Ok(Self {
            os_name: property("os.name"),
            os_version: property("os.version"),
            java_version: property("java.version"),
            java_home: property("java.home"),
            processors: host.processors().or_fail()?,
        })
    }

    fn now(&self, host: &Host) -> Result<RuntimeInfo, Failure> {
        Ok(RuntimeInfo {
            os_name: self.os_name.clone(),
            os_version: self.os_version.clone(),
            java_version: self.java_version.clone(),
            java_home: self.java_home.clone(),
            system_load_average: process::load_average().unwrap_or(-1.0),
            processors: self.processors,
            uptime: host.uptime_millis().or_fail()? / 1_000,
            timestamp: clock::epoch_millis(),
            now: host.local_time(clock::epoch_millis()).to_the_second(),
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Picture {
    threads: Vec<ThreadUsage>,
    memory_info: Memory,
    gc_infos: Vec<Collector>,
    runtime_info: RuntimeInfo,
    /// The screen's rows; no more threads than that are drawn.
    #[serde(skip)]
    screen: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuntimeInfo {
    os_name: String,
    os_version: String,
    java_version: String,
    java_home: String,
    /// -1 if the system does not tell.
    system_load_average: f64,
    processors: i32,
    /// Seconds.
    uptime: i64,
    /// Milliseconds since the epoch.
    timestamp: i64,
    #[serde(skip)]
    now: String,
}

impl Show for Picture {
    const KIND: &'static str = "dashboard";

    fn layout(&self) -> Layout {
        let mut threads = usage::table(self.threads.iter().take(self.screen.max(5)));
        threads.may_cut_rows = true;
        let mut memory = memory::table(&self.memory_info);
        // A long pool name must not take a second line of the screen.
        memory.columns.iter_mut().for_each(|column| column.overflow = Overflow::Cut);
        let below = Layout::Group(Group {
            arrange: Arrange::Beside,
            items: vec![Layout::Table(memory), self.collections()],
        });
        let items = vec![Layout::Table(threads), below, self.runtime_info.table()];
        Layout::Group(Group { arrange: Arrange::Screen, items })
    }
}

impl Picture {
    fn collections(&self) -> Layout {
        let row =
            |name: String, value: i64| vec![Text::from(name), Text::styled(Style::Number, value.to_string())];
        let rows = self.gc_infos.iter().flat_map(|collector| {
            let name = &collector.name;
            [
                row(format!("gc.{name}.count"), collector.collection_count),
                row(format!("gc.{name}.time(ms)"), collector.collection_time),
            ]
        });
        Layout::Table(Table {
            columns: vec![Column::new("GC"), Column::new("")],
            rows: rows.collect(),
            ..Table::default()
        })
    }
}

impl RuntimeInfo {
    fn table(&self) -> Layout {
        let uptime = format!(
            "{} ({}d {:02}:{:02}:{:02})",
            self.now,
            self.uptime / 86_400,
            self.uptime / 3_600 % 24,
            self.uptime / 60 % 60,
            self.uptime % 60
        );
        let load = units::hundredths(self.system_load_average).to_string();
        let rows = [
            (
                "os",
                format!("{} {}, {} processors, load {load}", self.os_name, self.os_version, self.processors),
            ),
            ("java", format!("{} {}", self.java_version, self.java_home)),
            ("time (up)", uptime),
        ];
        Layout::Table(Table {
            columns: vec![Column::new("Runtime").weight(1), Column::new("").weight(6)],
            rows: rows.into_iter().map(|(name, value)| vec![Text::from(name), Text::from(value)]).collect(),
            ..Table::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Picture {
        Picture {
            threads: Vec::new(),
            memory_info: Memory::default(),
            gc_infos: vec![plain_name(Collector {
                name: "G1 Young Generation".to_owned(),
                collection_count: 3,
                collection_time: 12,
                kind: host::gc::Kind::Pause,
            })],
            runtime_info: RuntimeInfo {
                os_name: "Linux".to_owned(),
                os_version: "6".to_owned(),
                java_version: "17".to_owned(),
                java_home: "/jdk".to_owned(),
                system_load_average: 0.5,
                processors: 2,
                uptime: 90_061,
                timestamp: 1,
                now: "2026-11-22 19:05:01".to_owned(),
            },
            screen: 24,
        }
    }

    #[test]
    fn one_screen_holds_threads_above_memory_beside_collections_above_the_runtime() {
        let Layout::Group(group) = picture().layout() else { unreachable!("a group was made") };
        assert_eq!(group.arrange, Arrange::Screen);
        assert!(matches!(group.items.first(), Some(Layout::Table(table)) if table.may_cut_rows));
        assert!(matches!(group.items.get(1), Some(Layout::Group(inner)) if inner.arrange == Arrange::Beside));
        let Some(Layout::Table(runtime)) = group.items.get(2) else { unreachable!("a table was made") };
        let last = runtime.rows.last().and_then(|row| row.get(1)).map(Text::plain);
        assert_eq!(last.as_deref(), Some("2026-11-22 19:05:01 (1d 01:01:01)"));
    }

    #[test]
    fn fields_have_the_names_programs_know() {
        let json = serde_json::to_value(picture()).unwrap_or_default();
        assert_eq!(json["gcInfos"][0]["name"], "g1_young_generation");
        assert_eq!(json["gcInfos"][0]["collectionCount"], 3);
        assert_eq!(json["runtimeInfo"]["systemLoadAverage"], 0.5);
        assert!(json["memoryInfo"]["buffer_pool"].is_array());
    }
}
