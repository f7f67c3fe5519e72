//! Tables: columns sized by content or sharing the width by weights, long cells wrapped or cut.

use model::{Align, Column, Overflow, Style, Table, Text};

use crate::canvas::{Line, wrap};
use crate::width::width;

/// Columns between two cells.
const GAP: usize = 2;

/// Fewest columns a cell keeps however narrow the screen is.
const NARROWEST: usize = 4;

/// Draws a table for a width; `rows` limits how many lines the body may take, if the table allows
/// it.
pub(crate) fn draw(table: &Table, columns: usize, rows: Option<usize>) -> Vec<Line> {
    let fitting = without_spare(table, columns);
    let table = fitting.as_ref().unwrap_or(table);
    let widths = widths(table, columns);
    let mut lines = Vec::new();
    if !table.headless {
        let titles: Vec<Text> = table.columns.iter().map(|column| column.title.clone()).collect();
        let header = row(table, &titles, &widths);
        lines.extend(header.into_iter().map(|line| line.restyled(Style::Heading)));
    }
    let limit = rows.filter(|_| table.may_cut_rows);
    let shown = limit.unwrap_or(table.rows.len()).min(table.rows.len());
    for cells in table.rows.iter().take(shown) {
        lines.extend(row(table, cells, &widths));
    }
    if shown < table.rows.len() {
        let mut rest = Line::default();
        rest.push(Style::Dim, format!("… {} more", table.rows.len() - shown));
        lines.push(rest);
    }
    lines
}

/// The table without as many spare columns as it takes to fit the width; `None` if it fits.
fn without_spare(table: &Table, columns: usize) -> Option<Table> {
    let mut fitting: Option<Table> = None;
    loop {
        let now = fitting.as_ref().unwrap_or(table);
        let content = now.columns.iter().enumerate().map(|(at, column)| widest(now, at, column));
        let needed = content.sum::<usize>() + GAP * now.columns.len().saturating_sub(1);
        let spare = now.columns.iter().position(|column| column.spare);
        let Some(at) = spare.filter(|_| needed > columns) else { return fitting };
        let mut less = now.clone();
        less.columns.remove(at);
        for row in less.rows.iter_mut().filter(|row| at < row.len()) {
            row.remove(at);
        }
        fitting = Some(less);
    }
}

/// The width of each column.
fn widths(table: &Table, columns: usize) -> Vec<usize> {
    let gaps = GAP * table.columns.len().saturating_sub(1);
    let room = columns.saturating_sub(gaps);
    let content: Vec<usize> =
        table.columns.iter().enumerate().map(|(at, column)| widest(table, at, column)).collect();
    let total_weight: usize = table.columns.iter().filter_map(|column| column.weight).map(usize::from).sum();
    if total_weight > 0 {
        let fixed: usize = unweighted(table, &content).sum();
        let shared = room.saturating_sub(fixed);
        return table
            .columns
            .iter()
            .zip(&content)
            .map(|(column, content)| match column.weight {
                Some(weight) => (shared * usize::from(weight) / total_weight).max(NARROWEST),
                None => *content,
            })
            .collect();
    }
    shrink(content, room)
}

fn unweighted<'a>(table: &'a Table, content: &'a [usize]) -> impl Iterator<Item = usize> + 'a {
    table.columns.iter().zip(content).filter(|(column, _)| column.weight.is_none()).map(|(_, width)| *width)
}

fn widest(table: &Table, at: usize, column: &Column) -> usize {
    let title = if table.headless { 0 } else { lines_width(&column.title) };
    let cells = table.rows.iter().filter_map(|row| row.get(at)).map(lines_width);
    cells.max().unwrap_or(0).max(title)
}

fn lines_width(text: &Text) -> usize {
    text.plain().lines().map(width).max().unwrap_or(0)
}

/// Takes from the widest columns until all fit the room.
fn shrink(mut widths: Vec<usize>, room: usize) -> Vec<usize> {
    let mut over = widths.iter().sum::<usize>().saturating_sub(room);
    while over > 0 {
        let widest = widths.iter().copied().max().unwrap_or(0);
        if widest <= NARROWEST {
            break;
        }
        let second = widths.iter().copied().filter(|width| *width < widest).max().unwrap_or(0);
        let wide = widths.iter().filter(|width| **width == widest).count();
        let step = (widest - second.max(NARROWEST)).max(1).min(over.div_ceil(wide)).max(1);
        for width in widths.iter_mut().filter(|width| **width == widest) {
            let taken = step.min(over);
            *width -= taken;
            over -= taken;
        }
    }
    widths
}

/// One row as one line, or more where a cell wraps.
fn row(table: &Table, cells: &[Text], widths: &[usize]) -> Vec<Line> {
    let empty = Text::new();
    let blocks: Vec<Vec<Line>> = table
        .columns
        .iter()
        .zip(widths)
        .enumerate()
        .map(|(at, (column, width))| {
            let mut lines = wrap(cells.get(at).unwrap_or(&empty), Some(*width));
            if column.overflow == Overflow::Cut {
                lines.truncate(1);
            }
            lines
        })
        .collect();
    let height = blocks.iter().map(Vec::len).max().unwrap_or(0);
    (0..height)
        .map(|at| {
            let mut line = Line::default();
            for (number, ((block, column), width)) in
                blocks.iter().zip(&table.columns).zip(widths).enumerate()
            {
                if number > 0 {
                    line.push(Style::Plain, " ".repeat(GAP));
                }
                let start = line.width();
                let cell = block.get(at).cloned().unwrap_or_default();
                if column.align == Align::Right {
                    line.pad_to(start + width.saturating_sub(cell.width()));
                }
                line.append(cell);
                line.pad_to(start + width);
            }
            line
        })
        .collect()
}
