//! The shapes a result can be drawn as. A new command needs no new shape; a new shape is a rare,
//! deliberate change here and in `render`.

use crate::Text;

/// A picture of a result, independent of who draws it.
#[derive(Clone, Debug, PartialEq)]
pub enum Layout {
    /// One line, or several if the text has line feeds.
    Line(Text),
    /// Names with one value each, the names aligned.
    Fields(Vec<Field>),
    /// Columns with headers.
    Table(Table),
    /// Nodes below each other.
    Tree(Node),
    /// Calls below their callers.
    Calls(Node),
    /// A measured value over time.
    Series(Series),
    /// Several pictures, see [`Arrange`].
    Group(Group),
}

impl Layout {
    /// One line of text.
    pub fn line(text: impl Into<Text>) -> Self {
        Self::Line(text.into())
    }

    /// Pictures below each other.
    pub fn stack(items: Vec<Layout>) -> Self {
        Self::Group(Group { arrange: Arrange::Stack, items })
    }
}

/// A name and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// What the value is.
    pub name: Text,
    /// The value; line feeds start continuation lines under the value's column.
    pub value: Text,
}

/// Rows under column headers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The columns, left to right.
    pub columns: Vec<Column>,
    /// The rows, top to bottom. A short row has empty cells at its end.
    pub rows: Vec<Vec<Text>>,
    /// How many rows may be left out to fit the screen; the drawer says how many it left out.
    pub may_cut_rows: bool,
    /// Whether a table is drawn without its header line.
    pub headless: bool,
}

/// One column of a [`Table`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// The header.
    pub title: Text,
    /// Share of the full width. `None` sizes the column by its content.
    pub weight: Option<u16>,
    /// Where short cells stand.
    pub align: Align,
    /// What happens to long cells.
    pub overflow: Overflow,
    /// Left out where the table would not fit the width with it, the leftmost such column first.
    pub spare: bool,
}

impl Column {
    /// A left-aligned column sized by its content, wrapping long cells.
    pub fn new(title: impl Into<Text>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Gives the column a share of the full width.
    #[must_use]
    pub fn weight(mut self, share: u16) -> Self {
        self.weight = Some(share);
        self
    }

    /// Numbers stand right.
    #[must_use]
    pub fn right(mut self) -> Self {
        self.align = Align::Right;
        self
    }

    /// The column may be left out.
    #[must_use]
    pub fn spare(mut self) -> Self {
        self.spare = true;
        self
    }

    /// Long cells are cut instead of wrapped.
    #[must_use]
    pub fn cut(mut self) -> Self {
        self.overflow = Overflow::Cut;
        self
    }
}

/// Where a short cell stands in its column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// At the column's left edge.
    #[default]
    Left,
    /// At the column's right edge.
    Right,
}

/// What happens to a cell that is wider than its column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// Goes on in continuation lines.
    #[default]
    Wrap,
    /// Ends at the column's edge.
    Cut,
}

/// A node of a tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// What stands at the node.
    pub text: Text,
    /// The nodes below it.
    pub children: Vec<Node>,
}

/// A value over time: a line in the web console, a sparkline in a terminal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// What is measured.
    pub name: String,
    /// The unit of the values, such as `%` or `MiB`.
    pub unit: &'static str,
    /// `(milliseconds since the epoch, value)`, oldest first.
    pub points: Vec<(u64, f64)>,
}

/// Several pictures together.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// How they stand to each other.
    pub arrange: Arrange,
    /// The pictures.
    pub items: Vec<Layout>,
}

/// How the items of a [`Group`] stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrange {
    /// Below each other.
    #[default]
    Stack,
    /// Next to each other, the width shared evenly.
    Beside,
    /// Below each other on one screen: tables that may lose rows are cut so that everything fits
    /// the terminal's height.
    Screen,
}
