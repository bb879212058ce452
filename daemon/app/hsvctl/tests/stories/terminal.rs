// SPDX-License-Identifier: MIT OR Apache-2.0
//! In a real terminal of 80 columns (tmux): nothing wraps, columns stand below each other, questions
//! are asked.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::fake::{State, condition};
use crate::house::{HSVCTL, House, has};

/// A terminal in which one command runs, with a shell's marks around it.
struct Terminal {
    socket: String,
}

impl Terminal {
    fn new(house: &House, arguments: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0); // the last server may still be ending
        let name = format!("tmux{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let terminal = Self { socket: house.folder().join(name).display().to_string() };
        let shell = format!(
            "trap : INT; export TZ=UTC; unset NO_COLOR CLICOLOR CLICOLOR_FORCE COLUMNS; cd {}; \
             {HSVCTL} --bus {} {arguments}; echo \"== $?\"; sleep 60",
            house.folder().display(),
            house.bus.address()
        );
        terminal.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "80",
            "-y",
            "50",
            "sh",
            "-c",
            &shell,
        ]);
        terminal
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let mut tmux = Command::new("tmux");
        tmux.args(["-S", &self.socket]).args(arguments).env_remove("TMUX").env("LC_ALL", "C.UTF-8");
        let output = tmux.output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "tmux {arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The screen as soon as it has `part`, with colours if `-e` is among the options.
    #[track_caller]
    fn screen(&self, options: &[&str], part: &str) -> String {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let screen = self.tmux(&[&["capture-pane", "-p"], options].concat());
            if screen.contains(part) {
                return screen;
            }
            assert!(Instant::now() < end, "no {part:?} in\n{screen}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself; a failed test must not fail twice.
        let mut tmux = Command::new("tmux");
        drop(tmux.args(["-S", &self.socket, "kill-server"]).output());
    }
}

/// All that would be long: on a wide screen these are lines of far more than 80 columns.
fn long() -> State {
    let mut state = State::default();
    let reason = "the hub closed it before the motion was over, since its disk was full, it said";
    state.recordings[0].reason = reason.to_owned();
    let mut second = state.recordings[0].clone();
    (second.id, second.outcome, second.reason) = (1, "cut-short".to_owned(), "ended".to_owned());
    state.recordings.push(second);
    state.sessions[0].viewer = "fd00:1234:5678:9abc:def0:1234:5678:9abc".to_owned();
    state.conditions = vec![
        condition("paired", true, "the camera is paired", ""),
        condition(
            "selected",
            false,
            "no home hub has chosen what it wants to record since the camera was paired",
            "look in Home whether a hub is connected, and choose Stream & Allow Recording again",
        ),
    ];
    state.settings[3].value =
        "[{ left = 0.0, top = 0.5, right = 1.0, bottom = 1.0, exclude = false }]".to_owned();
    state
}

/// tmux joins lines that it wrapped with -J: if that changes nothing, none was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_wraps_at_eighty_columns() {
    if !has("tmux") {
        return;
    }
    for arguments in [
        "status",
        "mode",
        "recordings",
        "recordings --explain",
        "sessions",
        "pairing",
        "pairing list",
        "settings",
        "motion zones",
        "doctor",
        "--help",
        "night",
        "privacy",
        "update",
        "update history",
    ] {
        let house = House::with(long(), "").await;
        let terminal = Terminal::new(&house, arguments);
        let screen = terminal.screen(&[], "== 0");
        let joined = terminal.tmux(&["capture-pane", "-p", "-J"]);
        let lines =
            |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
        assert_eq!(lines(&screen), lines(&joined), "{arguments} wrapped");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_stand_below_each_other() {
    if !has("tmux") {
        return;
    }
    let house = House::with(long(), "").await;
    let screen = Terminal::new(&house, "recordings").screen(&[], "== 0");
    let expected = "\
ID  BEGAN             LASTS   SIZE     HOW        WHY
12  2023-11-14 22:13  48.0 s  11.5 MB  normal     the hub closed it before the
                                                  motion was over, since its
                                                  disk was full, it said
1   2023-11-14 22:13  48.0 s  11.5 MB  cut-short  ended
== 0";
    assert_eq!(screen.trim_end(), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_has_colours_and_a_live_bar() {
    if !has("tmux") {
        return;
    }
    let house = House::new().await;
    let colours = Terminal::new(&house, "status").screen(&["-e"], "== 0");
    assert!(colours.contains("\x1b[1mPorch"), "{colours:?}");
    let bars = Terminal::new(&house, "motion tune --seconds 1").screen(&[], "== 0");
    assert_eq!(bars.matches('[').count(), 1, "one line, written over:\n{bars}");
    assert!(bars.contains("motion\n2 looks, 1 of them motion"), "{bars}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_longer_than_a_second_shows_that_it_goes_on() {
    if !has("tmux") {
        return;
    }
    let house = House::with(State { pause: Duration::from_secs(3), ..State::default() }, "").await;
    let terminal = Terminal::new(&house, "snapshot x.jpg");
    terminal.screen(&[], "the camera looks");
    let after = terminal.screen(&[], "== 0");
    assert_eq!(after.trim_end(), "picture written: x.jpg, 100 kB\n== 0", "it is gone afterwards");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_factory_reset_wants_the_name_typed() {
    if !has("tmux") {
        return;
    }
    let house = House::new().await;
    {
        let terminal = Terminal::new(&house, "factory-reset");
        terminal.screen(&[], "Type its name (Porch) to go on:");
        terminal.tmux(&["send-keys", "porch", "Enter"]);
        terminal.screen(&[], "== 1");
        assert_eq!(house.calls(), ["List()"], "nothing was done");
    }
    let terminal = Terminal::new(&house, "factory-reset");
    terminal.screen(&[], "Type its name (Porch) to go on:");
    terminal.tmux(&["send-keys", "Porch", "Enter"]);
    terminal.screen(&[], "== 0");
    assert_eq!(house.calls(), ["List()", "FactoryReset()"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_ends_watching_with_0_and_pictures_do_not_go_into_a_terminal() {
    if !has("tmux") {
        return;
    }
    let house = House::new().await;
    {
        let terminal = Terminal::new(&house, "watch");
        terminal.screen(&[], "1 watching");
        terminal.tmux(&["send-keys", "C-c"]);
        terminal.screen(&[], "== 0");
    }
    Terminal::new(&house, "snapshot -").screen(&[], "== 2");
}

/// What went wrong, and what happens, may be long too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_and_watched_lines_do_not_wrap() {
    if !has("tmux") {
        return;
    }
    let house = House::with(long(), "").await;
    let same = |terminal: &Terminal, part: &str| {
        let screen = terminal.screen(&[], part);
        assert_eq!(screen, terminal.tmux(&["capture-pane", "-p", "-J"]), "it wrapped");
        screen
    };
    let name = "a-very-long-name-of-a-folder-that-is-not-there".repeat(2);
    let error = same(&Terminal::new(&house, &format!("snapshot {name}/x.jpg")), "== 1");
    assert!(error.starts_with("hsvctl: ") && error.contains("\n        "), "{error}");
    let terminal = Terminal::new(&house, "watch");
    terminal.screen(&[], "1 watching");
    house.run(&["motion", "trigger"]);
    let watched = same(&terminal, "its disk was full");
    assert!(watched.contains("\n          "), "what goes on stands below:\n{watched}");
}
