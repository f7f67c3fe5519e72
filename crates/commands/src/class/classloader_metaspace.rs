//! `classloader-metaspace`: what the classes of each loader take in metaspace.

use host::metaspace::MetaspaceRow;
use model::RowAffect;

use crate::prelude::*;

/// Show the metaspace of each class loader
///
/// Asks the JVM once, as `jcmd VM.classloader_stats` does: the application stands still meanwhile, for some milliseconds
/// per ten thousand classes. No recording is needed, so it works on JDK 8, too, and the answer comes at once. Where
/// loaders of one class have as many classes, the hash is left empty: the JVM does not say which of them is which.
#[derive(Args)]
#[command(group = Class, permission = View, name = "classloader-metaspace")]
#[command(example = "classloader-metaspace", example = "classloader-metaspace --limit 10 -v")]
#[command(
    example = "classloader-metaspace --classLoaderClass org.apache.catalina.loader.ParallelWebappClassLoader"
)]
pub(crate) struct ClassloaderMetaspace {
    /// Only the loader with this hash
    #[arg(short = 'c', long, label = "hash")]
    classloader: Option<String>,
    /// Only loaders of this class
    #[arg(long = "classLoaderClass", label = "class")]
    loader_class: Option<ClassPattern>,
    /// Read for compatibility: nothing is recorded, so nothing is waited for
    #[arg(long, default = "2500ms", label = "time")]
    duration: String,
    /// Read for compatibility
    #[arg(long, default = "500ms", label = "time")]
    period: String,
    /// So many rows at most
    #[arg(long)]
    limit: Option<i64>,
    /// More columns
    #[arg(short = 'v', long)]
    verbose: bool,
}

impl Command for ClassloaderMetaspace {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let (duration_millis, period_millis) =
            (millis(&self.duration, "duration")?, millis(&self.period, "period")?);
        let limit = match self.limit {
            None => usize::MAX,
            Some(limit) => usize::try_from(limit)
                .ok()
                .filter(|limit| *limit > 0)
                .ok_or_else(|| Failure::new("limit must be greater than 0."))?,
        };
        let mut rows = host.metaspace().or_fail()?;
        if let Some(hash) = &self.classloader {
            rows.retain(|row| row.hash.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(hash)));
        } else if let Some(class) = &self.loader_class {
            rows.retain(|row| row.class.as_deref() == Some(class));
        }
        rows.truncate(limit);
        let row_count = rows.len() as u64;
        cx.emit(Metaspace { rows, duration_millis, period_millis, verbose: self.verbose })?;
        cx.emit(RowAffect { row_count })
    }
}

/// `500ms`, `2s`, `1m`; without a unit, milliseconds.
fn millis(text: &str, option: &str) -> Result<u64, Failure> {
    let lower = text.trim().to_lowercase();
    let (number, unit) = match lower.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => match (lower.strip_suffix('s'), lower.strip_suffix('m')) {
            (Some(number), _) => (number, 1_000),
            (_, Some(number)) => (number, 60_000),
            _ => (lower.as_str(), 1),
        },
    };
    match number.trim().parse::<i64>().ok().and_then(|number| number.checked_mul(unit)) {
        None => Err(Failure::new(format!("{option} is invalid: {text}"))),
        Some(millis @ 1..) => Ok(millis.unsigned_abs()),
        Some(_) => Err(Failure::new(format!("{option} must be greater than 0."))),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metaspace {
    rows: Vec<MetaspaceRow>,
    duration_millis: u64,
    period_millis: u64,
    verbose: bool,
}

impl Show for Metaspace {
    const KIND: &'static str = "classloader-metaspace";

    fn layout(&self) -> Layout {
        if self.rows.is_empty() {
            return Layout::line("No classloader metaspace statistics found.");
        }
        let number = |title| Column::new(title).right();
        let mut columns = vec![Column::new("hash")];
        if self.verbose {
            columns.push(Column::new("classLoaderData"));
        }
        columns.extend(["classes", "chunkSize", "blockSize"].map(number));
        if self.verbose {
            columns.extend([number("hiddenBlockSize"), Column::new("type")]);
        }
        columns.push(Column::new("name"));
        let row = |row: &MetaspaceRow| {
            let number = |number: u64| Text::styled(Style::Number, number.to_string());
            let mut cells = vec![Text::from(row.hash.clone().unwrap_or_default())];
            if self.verbose {
                cells.push(Text::from(format!("{:#018x}", row.class_loader_data)));
            }
            cells.extend([row.class_count, row.chunk_size, row.block_size].map(number));
            if self.verbose {
                let class = row.class.clone().unwrap_or_default();
                cells.extend([number(row.hidden_block_size), Text::from(class)]);
            }
            cells.push(Text::styled(Style::Name, row.name.replace('\n', "\\n")));
            cells
        };
        Layout::Table(Table { columns, rows: self.rows.iter().map(row).collect(), ..Table::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::millis;

    #[test]
    fn times_have_units_and_are_positive() {
        let read = |text| millis(text, "period").map_err(|failure| format!("{failure:?}"));
        assert_eq!(read("500ms"), Ok(500));
        assert_eq!(read("2 S"), Ok(2_000));
        assert_eq!(read("1m"), Ok(60_000));
        assert_eq!(read("7"), Ok(7));
        assert!(read("0s").unwrap_err().contains("period must be greater than 0."));
        assert!(read("soon").unwrap_err().contains("period is invalid: soon"));
        assert!(read("9223372036854775807s").unwrap_err().contains("period is invalid"));
    }
}
