//! A recorded call as `tt` shows it: a row of a list, all that was kept of it, or what came of making it again.

use std::collections::BTreeMap;
use std::sync::Arc;

use host::tunnel::{Details, Fragment, Replay};
use host::values::{Classes, Snapshot};

use super::thread::Moment;
use crate::expression::value::Shown;
use crate::prelude::*;

/// A recorded call.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FragmentFacts {
    pub(super) index: u32,
    timestamp: String,
    /// Milliseconds.
    cost: f64,
    #[serde(rename = "return")]
    is_return: bool,
    #[serde(rename = "throw")]
    is_throw: bool,
    /// `0x` and the identity hash of what it was called on, or `NULL`.
    object: String,
    class_name: String,
    method_name: String,
    params: Vec<Parameter>,
    /// What it did not end with is the text of null, as Arthas has it.
    #[serde(serialize_with = "or_null")]
    return_obj: Option<String>,
    #[serde(serialize_with = "or_null")]
    throw_exp: Option<String>,
    #[serde(skip)]
    shown_params: Vec<String>,
    #[serde(skip)]
    moment: Moment,
}

fn or_null<S: serde::Serializer>(text: &Option<String>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(text.as_deref().unwrap_or("null"))
}

/// A parameter, as data.
#[derive(Serialize)]
struct Parameter {
    object: Snapshot,
    expand: u32,
}

impl FragmentFacts {
    pub(super) fn of(
        host: &Host,
        met: &Arc<Classes>,
        fragment: &Fragment,
        shown: Shown,
    ) -> Result<Self, Failure> {
        let details = host.details(met, fragment, shown.expand).or_fail()?;
        Ok(Self::new(host, fragment, details, shown))
    }

    /// The same call, made again.
    pub(super) fn replayed(
        host: &Host,
        met: &Arc<Classes>,
        fragment: &Fragment,
        replay: &Replay,
        shown: Shown,
    ) -> Result<Self, Failure> {
        let mut facts = Self::of(host, met, fragment, shown)?;
        facts.cost = replay.cost_ns as f64 / 1e6;
        facts.is_return = replay.outcome.is_ok();
        facts.is_throw = !facts.is_return;
        facts.return_obj = replay.outcome.as_ref().ok().map(|value| shown.text(host, value));
        facts.throw_exp = replay.outcome.as_ref().err().map(|value| shown.text(host, value));
        facts.moment = Moment::at(host, std::time::SystemTime::now());
        facts.timestamp = facts.moment.to_the_nanosecond();
        Ok(facts)
    }

    fn new(host: &Host, fragment: &Fragment, details: Details, shown: Shown) -> Self {
        let moment = Moment::at(host, fragment.at);
        let text = |value: &Snapshot| shown.text(host, value);
        Self {
            index: fragment.index,
            timestamp: moment.to_the_nanosecond(),
            cost: fragment.cost_ns as f64 / 1e6,
            is_return: !fragment.is_throw(),
            is_throw: fragment.is_throw(),
            object: details.object.map_or_else(|| "NULL".to_owned(), |hash| format!("0x{hash:x}")),
            class_name: fragment.class.clone(),
            method_name: fragment.method.clone(),
            shown_params: details.parameters.iter().map(text).collect(),
            params: details
                .parameters
                .into_iter()
                .map(|object| Parameter { object, expand: shown.expand })
                .collect(),
            return_obj: details.returned.as_ref().map(text),
            throw_exp: details.thrown.as_ref().map(text),
            moment,
        }
    }

    fn row(&self) -> Vec<Text> {
        let simple = self.class_name.rsplit('.').next().unwrap_or_default();
        vec![
            Text::styled(Style::Name, self.index.to_string()),
            Text::from(self.moment.to_the_millisecond.clone()),
            Text::styled(Style::Number, self.cost.to_string()),
            Text::from(self.is_return.to_string()),
            Text::from(self.is_throw.to_string()),
            Text::from(self.object.clone()),
            Text::from(simple.to_owned()),
            Text::from(self.method_name.clone()),
        ]
    }

    /// Names and values, in Arthas's order.
    fn fields(&self, again: bool) -> Layout {
        let field = |name: &str, value: String| model::Field {
            name: Text::from(name.to_owned()),
            value: value.into(),
        };
        let (index, at) = if again { ("RE-INDEX", "GMT-REPLAY") } else { ("INDEX", "GMT-CREATE") };
        let cost = field("COST(ms)", self.cost.to_string());
        let mut all = vec![
            field(index, self.index.to_string()),
            field(at, self.moment.to_the_millisecond.clone()),
            field("OBJECT", self.object.clone()),
            field("CLASS", self.class_name.clone()),
            field("METHOD", self.method_name.clone()),
        ];
        let params = self.shown_params.iter().enumerate();
        let params = params.map(|(at, text)| field(&format!("PARAMETERS[{at}]"), text.clone()));
        let ended = [
            field("IS-RETURN", self.is_return.to_string()),
            field("IS-EXCEPTION", self.is_throw.to_string()),
        ];
        if again {
            all.extend(params);
            all.extend(ended);
            all.push(cost);
        } else {
            all.insert(2, cost);
            all.extend(ended);
            all.extend(params);
        }
        all.extend(self.return_obj.iter().map(|text| field("RETURN-OBJ", text.clone())));
        all.extend(self.throw_exp.iter().map(|text| field("THROW-EXCEPTION", text.clone())));
        Layout::Fields(all)
    }
}

/// Rows of a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fragments {
    pub(super) time_fragment_list: Vec<FragmentFacts>,
    /// Whether the header is to be shown.
    pub(super) first: bool,
}

impl Show for Fragments {
    const KIND: &'static str = "tt";

    fn layout(&self) -> Layout {
        let column = |(title, weight): (&str, u16)| Column::new(title.to_owned()).weight(weight);
        let columns = [
            ("INDEX", 8),
            ("TIMESTAMP", 25),
            ("COST(ms)", 10),
            ("IS-RET", 8),
            ("IS-EXP", 8),
            ("OBJECT", 15),
            ("CLASS", 30),
            ("METHOD", 30),
        ];
        Layout::Table(Table {
            columns: columns.map(column).into(),
            rows: self.time_fragment_list.iter().map(FragmentFacts::row).collect(),
            headless: !self.first,
            ..Table::default()
        })
    }
}

/// How far values were opened.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Opened {
    pub(super) expand: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) size_limit: Option<usize>,
}

/// All that was kept of a call.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct One {
    pub(super) time_fragment: FragmentFacts,
    #[serde(flatten)]
    pub(super) opened: Opened,
}

impl Show for One {
    const KIND: &'static str = "tt";

    fn layout(&self) -> Layout {
        self.time_fragment.fields(false)
    }
}

/// What came of making a call again.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Again {
    pub(super) replay_result: FragmentFacts,
    pub(super) replay_no: u32,
    #[serde(flatten)]
    pub(super) opened: Opened,
}

impl Show for Again {
    const KIND: &'static str = "tt";

    fn layout(&self) -> Layout {
        self.replay_result.fields(true)
    }
}

/// What an expression makes of a call.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Watched {
    pub(super) watch_value: String,
    pub(super) data: Snapshot,
    #[serde(flatten)]
    pub(super) opened: Opened,
}

impl Show for Watched {
    const KIND: &'static str = "tt";

    fn layout(&self) -> Layout {
        Layout::stack(crate::expression::value::lines(&self.watch_value).collect())
    }
}

/// What an expression makes of the calls that were found.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Found {
    pub(super) watch_results: BTreeMap<u32, String>,
    #[serde(flatten)]
    pub(super) opened: Opened,
}

impl Show for Found {
    const KIND: &'static str = "tt";

    fn layout(&self) -> Layout {
        let row = |(index, value): (&u32, &String)| {
            vec![Text::styled(Style::Name, index.to_string()), Text::from(value.clone())]
        };
        Layout::Table(Table {
            columns: vec![Column::new("INDEX"), Column::new("SEARCH-RESULT").weight(1)],
            rows: self.watch_results.iter().map(row).collect(),
            ..Table::default()
        })
    }
}
