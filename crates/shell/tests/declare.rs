//! What the derives make of a declaration.

use shell::{Args, Choice, Expression, FilePath, Group, OptionGroup, Permission, Shape, UsageError, Value};

/// Find things
/// in places.
///
/// First paragraph
/// of the description.
///
/// Second.
#[derive(Args, Debug, PartialEq)]
#[command(name = "search", alias = "s", alias = "look", group = Class, permission = Mutate, hidden, ends_on_q)]
#[command(example = "search x", example = "search -d x")]
struct Search {
    /// With all there is to know.
    #[arg(short, long)]
    details: bool,
    /// Skip the JDK's methods
    #[arg(long = "skipJDKMethod", default = "true")]
    skip_jdk: bool,
    /// How many
    #[arg(short = 'n', default = "10", label = "count")]
    limit_to: u32,
    /// The state
    #[arg(long)]
    state: Option<State>,
    /// Names to leave out
    #[arg(long)]
    without: Vec<String>,
    /// What to look for
    #[arg(name = "class-pattern")]
    class: String,
    /// Where
    #[arg(required)]
    files: Vec<FilePath>,
}

#[derive(Choice, Clone, Copy, Debug, PartialEq)]
enum State {
    Idle,
    #[choice("TIMED_WAITING")]
    Waiting,
    VeryBusy,
}

fn parse(line: &str) -> Result<Search, UsageError> {
    Search::parse(&shell::words(line)?)
}

#[test]
fn doc_comments_and_attributes_become_the_signature() {
    let signature = Search::SIGNATURE;
    assert_eq!(signature.name, "search");
    assert_eq!(signature.aliases, ["s", "look"]);
    assert_eq!(signature.summary, "Find things in places");
    assert_eq!(signature.description, "First paragraph of the description.\nSecond.");
    assert_eq!(signature.examples, ["search x", "search -d x"]);
    assert_eq!((signature.group, signature.permission), (Group::Class, Permission::Mutate));
    assert!(signature.hidden && signature.ends_on_q);

    let [details, skip, limit, state, without] = signature.options else { panic!("{signature:?}") };
    assert_eq!((details.short, details.long, details.shape), (Some('d'), "details", None));
    assert_eq!(details.help, "With all there is to know");
    assert_eq!((skip.long, skip.shape), ("skipJDKMethod", Some(Shape::Boolean)));
    assert_eq!((limit.short, limit.long, limit.default), (Some('n'), "limit-to", Some("10")));
    assert_eq!(
        (limit.value_label(), skip.value_label(), details.value_label()),
        (Some("count"), Some("true|false"), None)
    );
    assert_eq!(state.shape, Some(Shape::Choice(&["idle", "TIMED_WAITING", "very-busy"])));
    assert!(without.many && !without.required);

    let [class, files] = signature.arguments else { panic!("{signature:?}") };
    assert_eq!((class.name, class.shape, class.required), ("class-pattern", Shape::Text, true));
    assert_eq!((files.name, files.shape, files.required, files.many), ("files", Shape::File, true, true));
}

#[test]
fn words_become_typed_fields() {
    let found =
        parse("-d --skipJDKMethod false -n3 --without a x --state=very-BUSY --without b f1 f2").unwrap();
    assert_eq!(
        found,
        Search {
            details: true,
            skip_jdk: false,
            limit_to: 3,
            state: Some(State::VeryBusy),
            without: vec!["a".to_owned(), "b".to_owned()],
            class: "x".to_owned(),
            files: vec![FilePath::parse("f1").unwrap(), FilePath::parse("f2").unwrap()],
        }
    );
    let sparse = parse("x f").unwrap();
    assert_eq!((sparse.details, sparse.skip_jdk, sparse.limit_to, sparse.state), (false, true, 10, None));
}

#[test]
fn what_is_wrong_is_said_where_it_stands() {
    let error = |line: &str| parse(line).unwrap_err();
    assert_eq!(
        error("").message,
        "`search` needs `class-pattern` (What to look for). `search -h` shows how."
    );
    assert_eq!(error("x").message, "`search` needs `files` (Where). `search -h` shows how.");
    let bad = error("x f --state lazy");
    assert_eq!(bad.message, "--state: `lazy` is not one of idle, TIMED_WAITING, very-busy.");
    assert_eq!(bad.at, Some(12..16));
    assert_eq!(error("x f -n=99999999999").at, Some(7..18));
    assert_eq!(error("x f -n -5").message, "--limit-to: -5 is not between 0 and 4294967295.");
}

/// Options of two commands.
#[derive(OptionGroup, Debug, PartialEq)]
struct Shared {
    /// How many
    #[arg(short = 'n', default = "100")]
    limits: u64,
    /// Says more
    #[arg(short, long)]
    verbose: bool,
}

/// Look.
#[derive(Args, Debug, PartialEq)]
#[command(group = Method)]
struct Look {
    /// What for
    condition: Option<Expression>,
    /// How deep
    #[arg(short = 'x', default = "1")]
    expand: u32,
    #[arg(group)]
    shared: Shared,
}

#[test]
fn options_of_a_group_follow_the_commands_own() {
    let longs: Vec<&str> = Look::SIGNATURE.options.iter().map(|option| option.long).collect();
    assert_eq!(longs, ["expand", "limits", "verbose"]);
    let look = Look::parse(&shell::words("-x3 -vn 5").unwrap()).unwrap();
    assert_eq!(look, Look { condition: None, expand: 3, shared: Shared { limits: 5, verbose: true } });
    assert_eq!(Look::parse(&[]).unwrap().shared, Shared { limits: 100, verbose: false });
}

#[test]
fn a_mistake_in_an_expression_is_pointed_at_where_it_stands_in_the_line() {
    let at = |line: &str| {
        let look = Look::parse(&shell::words(line).unwrap()).unwrap();
        look.condition.unwrap().mistake(2..3, "no").at
    };
    assert_eq!(at("a>>b"), Some(2..3));
    assert_eq!(at("-x 2 'a>>b'"), Some(8..9));
    assert_eq!(at(r"'a>'\>b"), Some(0..7), "escapes: the whole word");
}
