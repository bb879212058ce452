// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where the stories take place: a bus of their own, the fake camera on it, and `hsvctl` as a process.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::fake::{self, Shared, State};

pub const HSVCTL: &str = env!("CARGO_BIN_EXE_hsvctl");

/// What `<policy>` has beside the leave to do all.
const OPEN: &str = "";

/// A bus, ended when this is dropped.
pub struct PrivateBus {
    pub folder: TempDir,
    daemon: Option<Child>,
    policy: String,
}

impl PrivateBus {
    pub fn start(policy: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let mut bus = Self { folder, daemon: None, policy: policy.to_owned() };
        bus.again();
        bus
    }

    pub fn address(&self) -> String {
        format!("unix:path={}/bus", self.folder.path().display())
    }

    pub fn end(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill().unwrap();
            daemon.wait().unwrap();
        }
    }

    /// At the same address.
    pub fn again(&mut self) {
        self.end();
        let config = self.folder.path().join("bus.conf");
        let text = format!(
            "<busconfig><type>session</type><listen>{}</listen><policy context=\"default\">\
             <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/>{}</policy></busconfig>",
            self.address(),
            self.policy
        );
        std::fs::write(&config, text).unwrap();
        let mut daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--print-address"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null()) // it says what it refuses; and it may outlive a test that is killed
            .spawn()
            .expect("dbus-daemon is installed");
        let mut line = String::new();
        BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("unix:"), "{line}");
        self.daemon = Some(daemon);
    }
}

impl Drop for PrivateBus {
    fn drop(&mut self) {
        self.end();
    }
}

/// All of it.
pub struct House {
    pub bus: PrivateBus,
    pub state: Shared,
    camera: Arc<Mutex<Option<zbus::Connection>>>,
}

impl House {
    pub async fn new() -> Self {
        Self::with(State::default(), OPEN).await
    }

    pub async fn with(state: State, policy: &str) -> Self {
        let bus = PrivateBus::start(policy);
        let house = Self { bus, state: Arc::new(Mutex::new(state)), camera: Arc::default() };
        house.start_camera().await;
        house
    }

    /// It starts anew when it is asked to.
    pub async fn start_camera(&self) {
        let (again, asked) = unbounded_channel();
        let camera = fake::serve(&self.bus.address(), &self.state, again).await;
        *self.camera.lock().unwrap() = Some(camera);
        tokio::spawn(restarts(
            self.bus.address(),
            Arc::clone(&self.state),
            Arc::clone(&self.camera),
            asked,
        ));
    }

    pub async fn end_camera(&self) {
        let camera = self.camera.lock().unwrap().take().expect("it runs");
        camera.close().await.unwrap();
    }

    pub fn folder(&self) -> &Path {
        self.bus.folder.path()
    }

    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().calls)
    }

    /// `hsvctl` in the house's folder, without a terminal.
    pub fn command(&self, arguments: &[&str]) -> Command {
        command(&self.bus.address(), self.folder(), arguments)
    }

    pub fn run(&self, arguments: &[&str]) -> Told {
        Told::of(&self.command(arguments).output().unwrap())
    }

    /// Its JSON; it must have succeeded.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let told = self.run(&[&["--json"], arguments].concat());
        assert_eq!(told.code, 0, "{arguments:?}: {told:?}");
        serde_json::from_str(&told.out).unwrap_or_else(|error| panic!("{error}: {told:?}"))
    }
}

async fn restarts(
    address: String,
    state: Shared,
    camera: Arc<Mutex<Option<zbus::Connection>>>,
    mut asked: UnboundedReceiver<()>,
) {
    let (again, asked_again) = unbounded_channel();
    if asked.recv().await.is_none() {
        return;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let before = camera.lock().unwrap().take().expect("it runs");
    before.close().await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    *camera.lock().unwrap() = Some(fake::serve(&address, &state, again).await);
    drop(asked_again); // one restart a story
}

pub fn command(address: &str, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(HSVCTL);
    command.args(["--bus", address]).args(arguments).current_dir(folder).stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "HSV_BUS"] {
        command.env_remove(name);
    }
    command.env("TZ", "UTC");
    command
}

/// What a process said.
#[derive(Debug)]
pub struct Told {
    pub code: i32,
    pub out: String,
    pub error: String,
}

impl Told {
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            error: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// All of `parts`, in this order, on standard output.
    #[track_caller]
    pub fn says(&self, parts: &[&str]) -> &Self {
        assert_eq!(self.code, 0, "{self:?}");
        let mut rest = &*self.out;
        for part in parts {
            let Some(at) = rest.find(part) else { panic!("no {part:?} in {}", self.out) };
            rest = &rest[at + part.len()..];
        }
        self
    }

    /// Ends with `code`, and says `part` on standard error.
    #[track_caller]
    pub fn refuses(&self, code: i32, part: &str) -> &Self {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{self:?}");
        assert!(self.error.contains(part), "no {part:?} in {}", self.error);
        self
    }
}

/// Whether `program` is here; says so if it is not.
pub fn has(program: &str) -> bool {
    let found = std::env::var("PATH")
        .is_ok_and(|path| path.split(':').any(|folder| Path::new(folder).join(program).exists()));
    if !found {
        println!("skipped: {program} is not installed");
    }
    found
}

/// A process whose lines are read as they come.
pub struct Running {
    pub child: Child,
    lines: std::sync::mpsc::Receiver<String>,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, lines }
    }

    /// The next line; a test that waits for one in vain fails.
    #[track_caller]
    pub fn line(&self) -> String {
        self.lines.recv_timeout(Duration::from_secs(20)).expect("a line comes")
    }

    /// Lines until one has `part`.
    #[track_caller]
    pub fn until(&self, part: &str) -> String {
        loop {
            let line = self.line();
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Ctrl-C's signal, and the exit status that follows.
    pub fn interrupt(mut self) -> i32 {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

/// Writes and flushes, for scripts that a test makes.
pub fn write(path: &Path, text: &str) {
    std::fs::File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
}
