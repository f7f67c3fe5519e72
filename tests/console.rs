//! `oxprobe console` in a pseudo-terminal, compared with the screen a person would see.

mod screen;

use std::time::{Duration, Instant};

use harness::shop::Shop;
use harness::{Java, PATIENCE, exec_json, jdk};
use screen::Screen;

#[test]
fn the_keys_of_the_default_keymap_edit_the_line() {
    let java = Java::demo(&jdk("17"));
    let mut screen = Screen::open(&java, 24, 80);
    screen.edit("sysprop java.version", "sysprop java.version");
    // Beginning of line, delete the character under the cursor, end of line.
    screen.edit("\x01\x04", "ysprop java.version");
    screen.edit("s\x05!", "sysprop java.version!");
    // Backspace both ways, a word backwards, kill to the end.
    screen.edit("\x7f\x08", "sysprop java.versio");
    screen.edit("\x17", "sysprop");
    screen.edit("pwd now", "sysprop pwd now");
    screen.edit("\x1b[D\x1b[D\x1b[D\x0b", "sysprop pwd ");
    // Home and Delete by their escape sequences, in both spellings.
    screen.edit("\x1b[1~\x1b[3~", "ysprop pwd ");
    screen.edit("\x1bOH\x1b[3~", "sprop pwd ");
    screen.edit("\x1b[4~x", "sprop pwd x");
    // Ctrl-C leaves the line and gives a new prompt.
    screen.keys("\x03");
    let prompt = screen.prompt.trim_end().to_owned();
    screen.until("a fresh prompt", |screen| screen.line_of_cursor().trim_end() == prompt);
    assert!(screen.contents().contains("sprop pwd x^C"), "{}", screen.contents());
}

#[test]
fn a_command_answers_and_history_finds_it_by_its_beginning() {
    let java = Java::demo(&jdk("17"));
    let mut screen = Screen::open(&java, 24, 100);
    screen.edit("pwd", "pwd");
    screen.enter();
    let cwd = std::fs::read_link(format!("/proc/{}/cwd", java.pid())).unwrap();
    assert!(screen.contents().contains(&*cwd.to_string_lossy()), "{}", screen.contents());
    screen.edit("version", "version");
    screen.enter();
    screen.edit("\x1b[A", "version");
    screen.edit("\x1b[A", "pwd");
    screen.edit("\x1b[B", "version");
    // A beginning searches for lines that start so.
    screen.edit("\x15\x03", "");
    screen.edit("pw\x1b[A", "pwd");
}

#[test]
fn tab_completes_commands_options_and_values() {
    let java = Java::demo(&jdk("17"));
    // Loading the JDK's management classes may take longer than a completion is waited for.
    exec_json(java.pid(), "mbean java.lang:type=Memory Verbose");
    exec_json(java.pid(), "vmoption HeapDumpBeforeFullGC");
    let mut screen = Screen::open(&java, 40, 100);
    screen.edit("vers\t", "version");
    screen.edit("\x03", "");
    screen.edit("dashboard --int\t", "dashboard --interval");
    screen.edit("\x03", "");
    screen.edit("sysprop java.specification.vers\t", "sysprop java.specification.version");
    screen.edit("\x03", "");
    screen.edit("options json-f\t", "options json-format");
    screen.edit("\x03", "");
    screen.edit("vmoption HeapDumpBef\t", "vmoption HeapDumpBeforeFullGC");
    screen.edit("\x03", "");
    screen.edit("mbean java.lang:type=Mem\t", "mbean java.lang:type=Memory");
    screen.edit("\x03", "");
    screen.edit("mbean java.lang:type=Threading PeakT\t", "mbean java.lang:type=Threading PeakThreadCount");
    screen.edit("\x03", "");
    // Class names, a package at a time.
    screen.edit("heap demo.Math\t", "heap demo.MathGame");
    screen.edit("\x03", "");
    // Several: the common beginning, and on the second Tab all of them.
    screen.edit("sys\t\t", "sys");
    screen.until("both candidates", |screen| {
        let shown = screen.contents();
        shown.contains("sysprop") && shown.contains("sysenv")
    });
}

#[test]
fn wide_characters_keep_the_cursor_where_the_next_one_goes() {
    let java = Java::demo(&jdk("17"));
    let mut screen = Screen::open(&java, 24, 80);
    let start = u16::try_from(screen.prompt.len()).unwrap();
    screen.edit("线程é🎉", "线程é🎉");
    screen.until("the cursor after them", |screen| screen.cursor().1 == start + 2 + 2 + 1 + 2);
    // Two to the left, one character in between, one deleted.
    screen.edit("\x1b[D\x1b[Dx\x7f\x7f", "线é🎉");
    screen.until("the cursor between them", |screen| screen.cursor().1 == start + 2);
}

#[test]
fn a_line_longer_than_the_screen_wraps_and_a_resize_draws_it_anew() {
    let java = Java::demo(&jdk("17"));
    let mut screen = Screen::open(&java, 24, 40);
    let long: String = ('a'..='z').chain('0'..='9').collect();
    screen.keys(&long);
    screen.until("the line on two rows", |screen| screen.contents().replace('\n', "").contains(&long));
    screen.pty.resize(pty_process::Size::new(24, 100)).unwrap();
    screen.parser.screen_mut().set_size(24, 100);
    screen.keys("!");
    screen.until("the line whole", |screen| screen.contents().contains(&format!("{long}!")));
}

#[test]
fn ctrl_c_ends_a_running_dashboard_and_typed_ahead_keys_are_kept() {
    let java = Java::demo(&jdk("17"));
    let mut screen = Screen::open(&java, 40, 120);
    screen.keys("dashboard\r");
    screen.until("the first frame", |screen| screen.contents().contains("busy-1"));
    screen.keys("\x03");
    let prompt = screen.prompt.trim_end().to_owned();
    screen.until("the prompt", |screen| screen.line_of_cursor().trim_end() == prompt);
    screen.keys("thread -n 1 -i 400\r");
    std::thread::sleep(Duration::from_millis(50));
    screen.keys("version");
    let expected = format!("{}version", screen.prompt);
    screen.until("the line typed ahead", |screen| screen.line_of_cursor().trim_end() == expected);
}

#[test]
fn the_terminal_is_as_before_when_the_jvm_is_killed() {
    let mut java = Java::demo(&jdk("17"));
    let mut screen = Screen::open(&java, 24, 80);
    java.process.signal("KILL");
    java.process.wait();
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = screen.child.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < deadline, "the console did not end");
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(status.code(), Some(3), "the target is not reachable any more");
    while let Ok(bytes) = screen.bytes.recv_timeout(Duration::from_millis(200)) {
        screen.parser.process(&bytes);
    }
    assert!(screen.contents().contains("has ended"), "{}", screen.contents());
}

#[test]
fn a_patch_asks_before_it_changes_anything() {
    let shop = Shop::compiled(8);
    let mut java = shop.start(&jdk("17"));
    let mended = shop.edited("fix", &[("int each = 10;", "int each = 13;")]);
    let mut screen = Screen::open(&java, 40, 150);
    for (key, said, price) in [("n", "Nothing is changed.", 20), ("y", "changed:", 26)] {
        screen.keys(&format!("patch {}\r", mended.display()));
        screen.until("the question", |screen| {
            screen.line_of_cursor().starts_with("Change the running classes?")
        });
        screen.keys(key);
        screen.until(said, |screen| screen.rows().iter().any(|row| row == said));
        assert_eq!(java.ask("price 2"), format!("shop: {price} a piece"));
    }
    java.assert_undisturbed();
}
