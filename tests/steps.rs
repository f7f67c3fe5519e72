//! Sixty steps at the real console: what a person types, and the whole screen and the cursor after each.

mod screen;

use harness::client::result;
use harness::{Java, JavaBuilder, eventually, exec, exec_json, jdk};
use screen::Screen;

/// A console and what its screen must show.
struct Steps {
    screen: Screen,
    rows: Vec<String>,
    taken: usize,
}

impl Steps {
    fn open(java: &Java) -> Self {
        let screen = Screen::open(java, 50, 100);
        let mut steps = Self { screen, rows: Vec::new(), taken: 0 };
        steps.clear();
        steps
    }

    /// Ctrl-L: the screen begins anew with the line as it is.
    fn clear(&mut self) {
        let line = self.rows.last().cloned().unwrap_or_else(|| self.screen.prompt.clone());
        self.rows = vec![line];
        self.screen.keys("\x0c");
        self.check("Ctrl-L", None);
    }

    /// Keys that change the line; the cursor then stands before the character of this number.
    fn edit(&mut self, keys: &str, line: &str, cursor: usize) {
        self.screen.keys(keys);
        self.rows.pop();
        self.rows.push(format!("{}{line}", self.screen.prompt));
        self.check(keys, Some(self.screen.prompt.len() + cursor));
    }

    /// Keys below which something is shown, and then the line.
    fn show(&mut self, keys: &str, shown: &[&str], line: &str) {
        self.screen.keys(keys);
        self.rows.extend(shown.iter().map(|row| (*row).to_owned()));
        self.rows.push(format!("{}{line}", self.screen.prompt));
        self.check(keys, None);
    }

    /// The line is run and shows this.
    fn run(&mut self, line: &str, shown: &[&str]) {
        self.edit(line, line, line.chars().count());
        self.show("\r", shown, "");
    }

    /// What comes by itself: in place of the line, which then stands below it.
    fn comes(&mut self, shown: &[&str]) {
        let line = self.rows.pop().unwrap_or_default();
        self.rows.extend(shown.iter().map(|row| (*row).to_owned()));
        self.rows.push(line);
        self.check("nothing", None);
    }

    /// Keys that leave the whole last row so, its prompt included.
    fn row(&mut self, keys: &str, row: &str) {
        self.screen.keys(keys);
        self.rows.pop();
        self.rows.push(row.to_owned());
        self.check(keys, None);
    }

    /// Ctrl-C at the prompt.
    fn leave(&mut self) {
        let line = self.rows.pop().unwrap_or_default();
        self.rows.push(format!("{line}^C"));
        self.show("\x03", &[], "");
    }

    /// Enter, and what a command shows that goes on.
    fn begin(&mut self, shown: &[&str]) {
        self.screen.keys("\r");
        self.goes_on(shown);
    }

    /// What a command shows that runs already.
    fn goes_on(&mut self, shown: &[&str]) {
        self.rows.extend(shown.iter().map(|row| (*row).to_owned()));
        self.check("nothing", None);
    }

    fn check(&mut self, keys: &str, column: Option<usize>) {
        self.taken += 1;
        let taken = self.taken;
        let wanted: Vec<String> = self.rows.iter().map(|row| row.trim_end().to_owned()).collect();
        let what =
            format!("step {taken}, {keys:?}, to show\n{}\nwith the cursor at {column:?}", wanted.join("\n"));
        self.screen.until(&what, |screen| {
            let at = usize::from(screen.cursor().1);
            screen.rows() == wanted && column.is_none_or(|column| column == at)
        });
    }

    /// The number of the job that was begun last: in the row that tells of it.
    fn job(&self) -> String {
        let rows = self.screen.rows();
        let row = rows.iter().rev().find(|row| row.starts_with('[') && row.contains("]  ")).cloned();
        row.and_then(|row| Some(row.get(1..row.find(']')?)?.to_owned())).unwrap_or_default()
    }

    /// Waits for a row that begins and ends so, whose middle is not known before, and for the prompt below
    /// it, and takes the screen as it is.
    fn learn(&mut self, keys: &str, start: &str, end: &str) {
        self.screen.keys(keys);
        let (known, prompt) = (self.rows.len(), self.screen.prompt.trim_end().to_owned());
        let is_it = |row: &String| row.starts_with(start) && row.ends_with(end);
        self.screen.until(&format!("a row {start}…{end} after {keys:?}"), |screen| {
            let rows = screen.rows();
            rows.iter().skip(known).any(is_it) && rows.last() == Some(&prompt)
        });
        self.taken += 1;
        self.rows = self.screen.rows();
        self.rows.pop();
        self.rows.push(self.screen.prompt.clone());
    }
}

/// Waits until a job's probe is on, which its second result tells.
fn probe_is_on(java: &Java, line: &str) {
    eventually("the probe to be on", || {
        let results = exec_json(java.pid(), "jobs");
        let jobs = result(&results, "jobs")["jobs"].as_array().cloned().unwrap_or_default();
        let job = jobs.into_iter().find(|job| job["line"] == line)?;
        (job["executionCount"].as_u64()? >= 2).then_some(())
    });
}

#[test]
fn sixty_steps_each_with_the_screen_it_must_give() {
    let folder = tempfile::tempdir().unwrap();
    let mut java = JavaBuilder::new(&jdk("17"), "demo.MathGame").start();
    let pid = java.pid();
    let version = exec(pid, "version").ok();
    let version = version.trim();
    let cwd = std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap();
    let cwd = cwd.to_str().unwrap();
    let mut steps = Steps::open(&java);

    // Editing.
    steps.edit("sysprop java.home", "sysprop java.home", 17);
    steps.edit("\x01", "sysprop java.home", 0);
    steps.edit("\x04", "ysprop java.home", 0);
    steps.edit("s", "sysprop java.home", 1);
    steps.edit("\x05", "sysprop java.home", 17);
    steps.edit("\x02", "sysprop java.home", 13);
    steps.edit("\x0b", "sysprop java.", 13);
    steps.edit("\x17", "sysprop ", 8);
    steps.edit("\x15", "sysprop java.", 13);
    steps.edit("\x1b[D\x1b[D", "sysprop java.", 11);
    steps.edit("\x7f", "sysprop jaa.", 10);
    steps.edit("\x1b[3~", "sysprop ja.", 10);
    steps.edit("\x18\x1b[3~", ".", 0);
    steps.edit("\x1b[4~", ".", 1);
    steps.edit("\x08世é", "世é", 3);
    steps.edit("\x1b[D", "世é", 2);
    steps.edit("\x1b\x7f", "é", 0);
    steps.edit("\x1b[2~\x01", "^Aé", 2);
    steps.leave();

    // Completion.
    steps.edit("vers\t", "version ", 8);
    steps.show("\r", &[version], "");
    steps.edit("sysp\tjava.spec\t", "sysprop java.specification.", 27);
    steps.leave();
    steps.edit("sys", "sys", 3);
    steps.show("\t", &["sysenv   sysprop"], "sys");
    steps.leave();
    steps.edit("options job\t", "options job-timeout ", 20);
    steps.leave();
    steps.edit("help keym\t", "help keymap ", 12);
    steps.leave();
    steps.edit("pwd | ", "pwd | ", 6);
    steps.show("\t", &["grep       plaintext  tee        wc"], "pwd | ");
    steps.edit("pl\t", "pwd | plaintext ", 16);
    steps.leave();
    steps.edit("watch demo.MathG\t", "watch demo.MathGame ", 20);
    steps.edit("ru\t", "watch demo.MathGame run ", 24);
    steps.edit("ret\t", "watch demo.MathGame run returnObj ", 34);
    steps.leave();
    let (named, other) = (folder.path().join("named.txt"), folder.path().join("other.txt"));
    std::fs::write(&named, "").unwrap();
    let (named, other) = (named.to_str().unwrap(), other.to_str().unwrap());
    let line = format!("pwd > {named} ");
    steps.edit(&format!("pwd > {}/na\t", folder.path().display()), &line, line.len());
    steps.clear();

    // Redirect and filters.
    steps.show("\r", &[&format!("The output goes to {named}")], "");
    steps.run(&format!("version >> {named}"), &[&format!("The output goes to {named}")]);
    assert_eq!(std::fs::read_to_string(named).unwrap(), format!("{cwd}\n{version}\n"));
    steps.run("version | wc -l", &["1"]);
    steps.run("pwd | grep -v /", &[]);
    steps.run("pwd | grep -n /", &[&format!("1:{cwd}")]);
    steps.run(&format!("pwd | tee {other} | wc -l"), &["1"]);
    assert_eq!(std::fs::read_to_string(other).unwrap(), format!("{cwd}\n"));
    let caret = format!("{}^^^^", " ".repeat(steps.screen.prompt.len() + 6));
    let unknown = "There is no filter `sort`: behind a | stand grep, wc, tee or plaintext.";
    steps.run("pwd | sort", &[&caret, unknown]);
    steps.run("wc -l", &["`wc` works behind a pipe: `COMMAND | wc ...`. See `wc --help`."]);

    // History.
    steps.edit("\x1b[A", "wc -l", 5);
    steps.edit("\x1b[A", "pwd | sort", 10);
    steps.edit("\x1b[B\x1b[B", "", 0);
    steps.edit("pwd | gr\x1b[A", "pwd | grep -n /", 15);
    steps.edit("\x1b[A", "pwd | grep -v /", 15);
    steps.leave();
    steps.row("\x12", "(reverse-i-search)`':");
    steps.row("-l", "(reverse-i-search)`-l': wc -l");
    steps.row("\x12", &format!("(reverse-i-search)`-l': pwd | tee {other} | wc -l"));
    steps.row("\x12", "(reverse-i-search)`-l': version | wc -l");
    steps.row("q", "(failed reverse-i-search)`-lq': version | wc -l");
    steps.row("\x7f", "(reverse-i-search)`-l': wc -l");
    steps.row("\x07", steps.screen.prompt.clone().trim_end());
    steps.row("\x12on | ", "(reverse-i-search)`on | ': version | wc -l");
    steps.edit("\x05", "version | wc -l", 15);
    steps.show("\r", &["1"], "");
    steps.clear();

    // Jobs.
    let call = "method=demo.MathGame.answer location=AtExit";
    let watch = "watch demo.MathGame answer params | grep location";
    steps.edit(watch, watch, watch.len());
    steps.begin(&[]);
    probe_is_on(&java, watch);
    java.tell("threads 0");
    steps.goes_on(&[call]);
    steps.learn("\x1a", "[", &format!("]  Stopped  {watch}"));
    let id = steps.job();
    java.tell("threads 0");
    java.tell("threads 0");
    steps.run("version", &[version]);
    steps.run("jobs | grep -c Stopped", &["1"]);
    steps.edit("fg", "fg", 2);
    steps.begin(&[watch, call, call]);
    steps.learn("\x1a", "[", &format!("]  Stopped  {watch}"));
    steps.run("bg", &[&format!("[{id}]  Running  {watch}")]);
    steps.edit("half a line", "half a line", 11);
    java.tell("threads 0");
    steps.comes(&[call]);
    steps.leave();
    steps.edit("kill \t", &format!("kill {id} "), 6 + id.len());
    steps.learn("\r", "[", &format!("]  Ended    {watch}"));
    steps.run("jobs", &["There are no jobs. A line that ends in & starts one."]);
    steps.clear();

    steps.learn(&format!("{watch} &\r"), "[", &format!("]  Running  {watch} &"));
    probe_is_on(&java, &format!("{watch} &"));
    java.tell("threads 0");
    steps.comes(&[call]);
    steps.edit("fg", "fg", 2);
    steps.begin(&[&format!("{watch} &")]);
    steps.show("\x03", &["^C"], "");
    steps.edit(watch, watch, watch.len());
    steps.begin(&[]);
    probe_is_on(&java, watch);
    steps.show("q", &[], "");
    let to_file = format!("watch demo.MathGame answer params > {other} &");
    steps.learn(&format!("{to_file}\r"), "The output goes to", other);
    probe_is_on(&java, &to_file);
    java.tell("threads 0");
    eventually("the call in the file", || {
        std::fs::read_to_string(other).unwrap_or_default().contains(call).then_some(())
    });
    steps.learn("kill %\x7f\t\r", "[", &format!("]  Ended    {to_file}"));
    let shown = exec(pid, "jobs").ok();
    assert!(shown.starts_with("There are no jobs"), "{shown}");
    assert!(steps.taken >= 60, "{} steps", steps.taken);
    java.assert_undisturbed();
}

#[test]
fn an_inputrc_of_the_jvms_user_changes_what_keys_do() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(home.path().join(".arthas/conf")).unwrap();
    let write = |file: &str, text: &str| std::fs::write(home.path().join(file), text).unwrap();
    write(".arthas/conf/inputrc", "\"\\C-u\": backward-kill-line\n\"\\C-t\": undo\nnonsense\n");
    std::fs::create_dir(home.path().join(".oxprobe")).unwrap();
    write(".oxprobe/inputrc", "\"\\C-t\": backward-word\n");
    let java = JavaBuilder::new(&jdk("17"), "demo.MathGame").env("HOME", home.path()).start();
    let mut steps = Steps::open(&java);
    steps.edit("one two\x14", "one two", 4);
    steps.edit("\x15", "two", 0);
    steps.clear();
    steps.leave();
    steps.screen.keys("keymap\r");
    steps.screen.until("the table of keys", |screen| {
        let rows = screen.rows();
        let has = |words: [&str; 2]| rows.iter().any(|row| words.iter().all(|word| row.contains(word)));
        has(["\"\\C-t\"", "backward-word"]) && has(["\"\\C-u\"", "backward-kill-line"])
    });
    let log = harness::Answer::of(&["log", &java.pid().to_string()]).ok();
    assert!(log.contains("line 3 of inputrc is left out"), "{log}");
}

/// The jobs there are, but for the one that asks.
fn jobs(java: &Java) -> Vec<serde_json::Value> {
    let results = exec_json(java.pid(), "jobs");
    result(&results, "jobs")["jobs"].as_array().cloned().unwrap_or_default()
}

#[test]
fn a_lost_terminal_takes_its_foreground_along_and_leaves_its_background() {
    let mut java = JavaBuilder::new(&jdk("17"), "demo.MathGame").start();
    let mut steps = Steps::open(&java);
    let (left, front) =
        ("watch demo.MathGame answer params | grep location &", "watch demo.MathGame format params");
    steps.learn(&format!("{left}\r"), "[", left);
    steps.screen.keys(&format!("{front}\r"));
    probe_is_on(&java, left);
    probe_is_on(&java, front);
    drop(steps);
    eventually("the end of the foreground", || (jobs(&java).len() == 1).then_some(()));
    let job = &jobs(&java)[0];
    assert_eq!((&job["line"], &job["left"]), (&left.into(), &true.into()), "{job:#}");
    java.tell("threads 0");
    // Who comes back takes it up, with what it has seen meanwhile.
    let mut steps = Steps::open(&java);
    let again = format!("fg {}", job["id"]);
    steps.edit(&again, &again, again.len());
    steps.begin(&[left, "method=demo.MathGame.answer location=AtExit"]);
    steps.show("\x03", &["^C"], "");
    assert_eq!(jobs(&java), Vec::<serde_json::Value>::new());
    java.assert_undisturbed();
}
