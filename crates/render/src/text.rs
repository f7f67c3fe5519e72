//! A layout as lines for a screen.

use model::{Arrange, Field, Group, Layout, Node, Series, Style};

use crate::canvas::{Line, wrap, write};
use crate::table;
use crate::theme::Theme;

/// Fewest body rows a table on a screen keeps, however low the screen is.
const FEWEST_ROWS: usize = 3;

/// Draws a layout for a terminal of `columns` × `rows` characters. Every line ends with a line
/// feed; an empty layout is an empty text.
pub fn text(layout: &Layout, columns: u16, rows: u16, theme: Theme) -> String {
    let columns = usize::from(columns.max(20));
    write(&draw(layout, columns, usize::from(rows), None), theme)
}

/// `limit`: how many rows a table that may lose some keeps.
fn draw(layout: &Layout, columns: usize, rows: usize, limit: Option<usize>) -> Vec<Line> {
    match layout {
        // A line may be longer than the screen: the terminal wraps it, and copying it stays whole.
        Layout::Line(text) => wrap(text, None),
        Layout::Fields(fields) => draw_fields(fields, columns),
        Layout::Table(table) => {
            let page = rows.saturating_sub(2).max(FEWEST_ROWS);
            table::draw(table, columns, limit.or(Some(page)))
        }
        Layout::Tree(node) => draw_tree(node),
        Layout::Calls(node) => draw_calls(node, true),
        Layout::Series(series) => draw_series(series, columns),
        Layout::Group(group) => draw_group(group, columns, rows, limit),
    }
}

fn draw_fields(fields: &[Field], columns: usize) -> Vec<Line> {
    const GAP: usize = 2;
    let names: Vec<Line> =
        fields.iter().map(|field| wrap(&field.name, None).into_iter().next().unwrap_or_default()).collect();
    let widest = names.iter().map(Line::width).max().unwrap_or(0).min(columns / 2);
    let mut lines = Vec::new();
    for (field, name) in fields.iter().zip(names) {
        let values = wrap(&field.value, Some(columns.saturating_sub(widest + GAP).max(10)));
        let mut name = Some(name);
        for value in values {
            let mut line = name.take().unwrap_or_default().restyled(Style::Dim);
            line.pad_to(widest + GAP);
            line.append(value);
            lines.push(line);
        }
    }
    lines
}

fn draw_tree(node: &Node) -> Vec<Line> {
    let mut lines = wrap(&node.text, None);
    for child in &node.children {
        for (at, mut below) in draw_tree(child).into_iter().enumerate() {
            let mut line = Line::plain(if at == 0 { "+-" } else { "  " });
            line.append(std::mem::take(&mut below));
            lines.push(line);
        }
    }
    lines
}

/// Every node hangs on an arm of four columns, the root too, and boards run down to a node's next
/// sister: the picture that readers of Arthas's traces know.
fn draw_calls(node: &Node, is_last: bool) -> Vec<Line> {
    let (arm, board) = if is_last { ("`---", "    ") } else { ("+---", "|   ") };
    let own = wrap(&node.text, None).into_iter();
    let mut lines: Vec<(bool, Line)> = own.enumerate().map(|(at, line)| (at == 0, line)).collect();
    for (at, child) in node.children.iter().enumerate() {
        let below = draw_calls(child, at + 1 == node.children.len());
        lines.extend(below.into_iter().map(|line| (false, line)));
    }
    let hang = |(is_first, line): (bool, Line)| {
        let mut hung = Line::plain(if is_first { arm } else { board });
        hung.append(line);
        hung
    };
    lines.into_iter().map(hang).collect()
}

fn draw_series(series: &Series, columns: usize) -> Vec<Line> {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let mut line = Line::default();
    line.push(Style::Dim, format!("{} ", series.name));
    let room = columns.saturating_sub(line.width() + 16).max(8);
    let skipped = series.points.len().saturating_sub(room);
    let shown: Vec<f64> = series.points.iter().skip(skipped).map(|(_, value)| *value).collect();
    let high = shown.iter().copied().fold(0.0_f64, f64::max);
    let bar = |value: f64| {
        let share = if high > 0.0 { (value / high).clamp(0.0, 1.0) } else { 0.0 };
        BARS.get((share * 7.0).round() as usize).copied().unwrap_or(' ')
    };
    line.push(Style::Number, shown.iter().map(|value| bar(*value)).collect());
    let last = shown.last().copied().unwrap_or(0.0);
    line.push(Style::Plain, format!(" {last:.1}{}", series.unit));
    vec![line]
}

fn draw_group(group: &Group, columns: usize, rows: usize, limit: Option<usize>) -> Vec<Line> {
    match group.arrange {
        Arrange::Stack => group.items.iter().flat_map(|item| draw(item, columns, rows, limit)).collect(),
        Arrange::Beside => beside(&group.items, columns, rows, limit),
        Arrange::Screen => screen(&group.items, columns, rows),
    }
}

fn beside(items: &[Layout], columns: usize, rows: usize, limit: Option<usize>) -> Vec<Line> {
    const GAP: usize = 3;
    let count = items.len().max(1);
    let each = columns.saturating_sub(GAP * (count - 1)) / count;
    let blocks: Vec<Vec<Line>> = items.iter().map(|item| draw(item, each.max(20), rows, limit)).collect();
    let height = blocks.iter().map(Vec::len).max().unwrap_or(0);
    (0..height)
        .map(|at| {
            let mut line = Line::default();
            for (number, block) in blocks.iter().enumerate() {
                line.pad_to(number * (each + GAP));
                line.append(block.get(at).cloned().unwrap_or_default());
            }
            line
        })
        .collect()
}

/// Draws everything that cannot lose rows first; what is left of the screen is shared by the tables
/// that can.
fn screen(items: &[Layout], columns: usize, rows: usize) -> Vec<Line> {
    let flexible = items.iter().filter(|item| may_cut(item)).count();
    let fixed: usize =
        items.iter().map(|item| if may_cut(item) { 2 } else { draw(item, columns, rows, None).len() }).sum();
    // One row is the prompt's.
    let room = rows.saturating_sub(fixed + 1);
    let share = (room / flexible.max(1)).max(FEWEST_ROWS);
    items.iter().flat_map(|item| draw(item, columns, rows, may_cut(item).then_some(share))).collect()
}

fn may_cut(layout: &Layout) -> bool {
    match layout {
        Layout::Table(table) => table.may_cut_rows,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Column, Table, Text};

    fn plain(layout: &Layout, columns: u16, rows: u16) -> String {
        text(layout, columns, rows, Theme::Plain)
    }

    fn table(rows: usize, may_cut_rows: bool) -> Table {
        Table {
            columns: vec![Column::new("ID").right(), Column::new("NAME")],
            rows: (1..=rows)
                .map(|n| vec![Text::from(n.to_string()), Text::from(format!("线程-{n}"))])
                .collect(),
            may_cut_rows,
            headless: false,
        }
    }

    #[test]
    fn columns_are_as_wide_as_their_longest_cell() {
        assert_eq!(plain(&Layout::Table(table(2, false)), 80, 24), "ID  NAME\n 1  线程-1\n 2  线程-2\n");
    }

    #[test]
    fn a_long_cell_wraps_by_characters_and_keeps_its_column() {
        let rows = vec![vec![Text::from("a".repeat(5)), Text::from("b".repeat(30))]];
        let columns = vec![Column::new("K"), Column::new("V")];
        let drawn = plain(&Layout::Table(Table { columns, rows, ..Table::default() }), 20, 24);
        assert_eq!(
            drawn,
            format!("K      V\naaaaa  {}\n       {}\n       bbbb\n", "b".repeat(13), "b".repeat(13))
        );
    }

    #[test]
    fn prose_breaks_at_blanks_and_a_path_within_itself() {
        let rows = vec![vec![Text::from("k"), Text::from("the quick brown fox /usr/lib/jvm/java-17")]];
        let columns = vec![Column::new("K"), Column::new("V")];
        let table = Table { columns, rows, headless: true, ..Table::default() };
        let drawn = plain(&Layout::Table(table), 20, 24);
        assert_eq!(drawn, "k  the quick brown\n   fox\n   /usr/lib/jvm/java\n   -17\n");
    }

    #[test]
    fn spare_columns_are_left_out_from_the_left_until_the_table_fits() {
        let columns = vec![
            Column::new("TIME").spare(),
            Column::new("METHOD"),
            Column::new("P50").spare(),
            Column::new("TOTAL").right(),
        ];
        let rows = vec![["12:00", "primeFactors", "0.25", "7"].map(Text::from).to_vec()];
        let table = Layout::Table(Table { columns, rows, ..Table::default() });
        let at = |columns| plain(&table, columns, 24).lines().next().unwrap().to_owned();
        assert_eq!(at(34), "TIME   METHOD        P50   TOTAL");
        assert_eq!(at(30), "METHOD        P50   TOTAL");
        assert_eq!(at(20), "METHOD        TOTAL");
    }

    #[test]
    fn a_cut_cell_ends_at_its_column() {
        let rows = vec![vec![Text::from("TIMED_WAITING".to_owned()), Text::from("x".to_owned())]];
        let columns = vec![Column::new("STATE").weight(1).cut(), Column::new("N").weight(1)];
        let drawn = plain(&Layout::Table(Table { columns, rows, ..Table::default() }), 20, 24);
        assert_eq!(drawn.lines().nth(1), Some("TIMED_WAI  x"));
    }

    #[test]
    fn a_table_that_may_lose_rows_says_how_many() {
        let drawn = plain(&Layout::Table(table(50, true)), 80, 10);
        assert_eq!(drawn.lines().count(), 1 + 8 + 1);
        assert!(drawn.ends_with("… 42 more\n"), "{drawn}");
    }

    #[test]
    fn a_screen_fits_its_height() {
        let group = Group {
            arrange: Arrange::Screen,
            items: vec![Layout::Table(table(99, true)), Layout::Table(table(4, false))],
        };
        let drawn = plain(&Layout::Group(group), 80, 24);
        assert_eq!(drawn.lines().count(), 23, "{drawn}");
    }

    #[test]
    fn names_of_fields_are_aligned_and_values_continue_under_themselves() {
        let field =
            |name: &'static str, value: &'static str| Field { name: name.into(), value: value.into() };
        let drawn = plain(&Layout::Fields(vec![field("pid", "42"), field("main", "a\nb")]), 40, 24);
        assert_eq!(drawn, "pid   42\nmain  a\n      b\n");
    }

    #[test]
    fn colours_end_where_their_text_ends() {
        let line = Layout::Line(Text::styled(Style::Bad, "no").with(Style::Plain, " more"));
        assert_eq!(text(&line, 80, 24, Theme::Ansi), "\x1b[31mno\x1b[0m more\n");
    }

    #[test]
    fn calls_hang_on_arms_of_four_columns_and_boards_run_to_the_next_sister() {
        let leaf = |name: &'static str| Node { text: name.into(), children: vec![] };
        let root = Node {
            text: "thread".into(),
            children: vec![Node {
                text: "run()".into(),
                children: vec![Node { text: "a()".into(), children: vec![leaf("b()")] }, leaf("c()")],
            }],
        };
        let drawn = "`---thread\n    `---run()\n        +---a()\n        |   `---b()\n        `---c()\n";
        assert_eq!(plain(&Layout::Calls(root), 20, 24), drawn);
    }

    #[test]
    fn a_tree_hangs_children_below() {
        let leaf = |name: &'static str| Node { text: name.into(), children: vec![] };
        let tree = Node {
            text: "root".into(),
            children: vec![Node { text: "a".into(), children: vec![leaf("b")] }, leaf("c")],
        };
        assert_eq!(plain(&Layout::Tree(tree), 80, 24), "root\n+-a\n  +-b\n+-c\n");
    }
}
