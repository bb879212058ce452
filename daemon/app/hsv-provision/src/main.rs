// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsv-provision`: what the owner wants of a camera, from the card that its system is on.
//!
//! `take` reads `hsv.toml` and stores what is in it, before hsvd and iwd start. `join` tries networks that are
//! wanted, beside hsvd, and writes the report. `shown` takes one that was shown to a camera without any, and joins it.
//! `forget` keeps what a factory reset has promised. None of them is
//! needed for the camera to start, and none ever restarts the machine.
//!
//! `owners.rs` is the file's meaning, `take.rs` and `join.rs` the two transactions, `store.rs` what is kept.

#![forbid(unsafe_code)]

mod card;
mod disk;
mod hsvd;
mod iwd;
mod join;
mod network;
mod owners;
mod report;
mod shown;
mod store;
mod take;
mod text;

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use card::Card;
use disk::{Disk, read_if_there};
use hsvd::Hsvd;
use iwd::Iwd;
use join::Radio as _;
use network::Network;
use shown::{Machine, Shown};
use store::Store;

/// What `take` has to tell, for `join`.
const TOLD: &str = "provision.json";
/// Locked by whoever tries networks.
const TURN: &str = "provision.lock";
/// For an address without which a report is written all the same.
const ADDRESS_WITHIN: Duration = Duration::from_secs(30);

/// Takes the owner's settings and Wi-Fi networks from the card
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    places: Places,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum What {
    /// Store what hsv.toml has, and do what hsv-reset.txt asks for
    Take,
    /// Join networks that are wanted, and write hsv-report.txt
    Join,
    /// Take a network that was shown to the camera, and join it
    Shown,
    /// Forget networks and settings, if there was a factory reset
    Forget,
}

#[derive(Debug, Args)]
struct Places {
    /// The FAT partition, or a folder in its place
    #[arg(
        long,
        value_name = "DEVICE",
        default_value = "/dev/disk/by-partlabel/select",
        global = true
    )]
    card: PathBuf,
    /// Where networks and settings are kept
    #[arg(long, value_name = "DIR", default_value = "/var/lib/hsv-provision", global = true)]
    state: PathBuf,
    /// Where iwd keeps its networks
    #[arg(long, value_name = "DIR", default_value = "/var/lib/iwd", global = true)]
    iwd: PathBuf,
    /// Where hsvd keeps its state
    #[arg(long, value_name = "DIR", default_value = "/var/lib/hsv", global = true)]
    hsvd_state: PathBuf,
    /// For what is forgotten at the next start
    #[arg(long, value_name = "DIR", default_value = "/run/hsv", global = true)]
    run: PathBuf,
    /// Where hsvd leaves a network that was shown to the camera
    #[arg(long, value_name = "FILE", default_value = "/run/hsvd/network.toml", global = true)]
    shown: PathBuf,
    /// The image's configuration
    #[arg(long, value_name = "FILE", default_value = "/etc/hsv/hsvd.toml", global = true)]
    config: PathBuf,
    /// The camera's program
    #[arg(long, value_name = "FILE", default_value = "hsvd", global = true)]
    hsvd: PathBuf,
    /// A bus other than the machine's
    #[arg(long, value_name = "ADDRESS", global = true)]
    bus: Option<String>,
}

#[expect(clippy::print_stderr, reason = "the service manager's journal")]
fn main() -> ExitCode {
    let Arguments { what, places } = Arguments::parse();
    let done = match what {
        What::Take => take_from(&places),
        What::Join => places.turn().and_then(|_turn| join_and_tell(&places, None)),
        What::Shown => take_shown(&places),
        What::Forget => places.store().map(drop),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hsv-provision: {error:#}");
            ExitCode::FAILURE
        }
    }
}

impl Places {
    fn store(&self) -> anyhow::Result<Store> {
        let store = Store {
            folder: self.state.clone(),
            iwd: self.iwd.clone(),
            hsvd: self.hsvd_state.clone(),
            disk: Disk::default(),
        };
        store.open().with_context(|| format!("{}", self.state.display()))
    }

    fn hsvd(&self) -> Hsvd {
        Hsvd {
            program: self.hsvd.clone(),
            config: self.config.clone(),
            state: self.hsvd_state.clone(),
            run: self.run.clone(),
        }
    }

    /// The right to try networks, until it is dropped: one after the other, or each would undo the other's trial.
    fn turn(&self) -> anyhow::Result<File> {
        fs::create_dir_all(&self.run)?;
        let turn = File::create(self.run.join(TURN))?;
        turn.lock()?;
        Ok(turn)
    }

    fn card(&self) -> anyhow::Result<Card> {
        Card::open(&self.card, &self.run.join("provision-card")).context("the card cannot be read")
    }
}

fn take_from(places: &Places) -> anyhow::Result<()> {
    fs::create_dir_all(&places.run)?;
    let store = places.store()?;
    store.roll_back().context("networks of before")?;
    let lines = take::take(&places.card()?, &store, &places.hsvd())?;
    say(&lines);
    fs::write(places.run.join(TOLD), serde_json::to_vec(&lines)?)?;
    Ok(())
}

/// The file goes last, which tells hsvd that the trial is over.
fn take_shown(places: &Places) -> anyhow::Result<()> {
    let shown = Shown(&places.shown);
    let _turn = places.turn()?;
    let hsvd = places.hsvd();
    let machine = Machine::look(&hsvd)?;
    let (line, network) = shown.take(&places.store()?, machine, || hsvd.is_unpaired())?;
    say(std::slice::from_ref(&line));
    network.map_or(Ok(()), |network| join_and_tell(places, Some((line, network))))
}

/// `shown` is a network that comes first, and what is to be told of it.
fn join_and_tell(places: &Places, shown: Option<(String, Network)>) -> anyhow::Result<()> {
    let store = places.store()?;
    store.roll_back().context("networks of before")?;
    let told = read_if_there(&places.run.join(TOLD))?.unwrap_or_default();
    let mut lines: Vec<String> = serde_json::from_slice(&told).unwrap_or_default();
    let (line, shown) = shown.unzip();
    lines.extend(line);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let joined = join_networks(&store, places.bus.as_deref(), shown.as_ref());
    let (of_radio, ssid) = runtime.block_on(joined)?;
    let is_told = !lines.is_empty() || !of_radio.is_empty() || ssid.is_some();
    if !is_told && !places.card()?.has_report() {
        return Ok(()); // nobody has asked anything
    }
    say(&of_radio);
    lines.extend(of_radio);
    let begin = Instant::now();
    while iwd::addresses().is_empty() && begin.elapsed() < ADDRESS_WITHIN {
        std::thread::sleep(Duration::from_millis(500));
    }
    let network = report::network(ssid.as_deref(), &iwd::addresses());
    say(std::slice::from_ref(&network));
    lines.push(network);
    places.card()?.put_report(&store.disk, &lines).context("the report cannot be written")
}

/// The report's lines, and where the radio is then.
async fn join_networks(
    store: &Store,
    bus: Option<&str>,
    shown: Option<&Network>,
) -> anyhow::Result<(Vec<String>, Option<String>)> {
    let is_wanted = !store.wanted()?.is_empty();
    if !is_wanted && shown.is_none() && store.all_known()?.is_empty() {
        return Ok((Vec::new(), None));
    }
    let Some(mut iwd) = Iwd::find(bus).await.unwrap_or_default() else {
        let of_shown = shown.map(|network| report::no_radio_for(&network.ssid));
        return Ok((of_shown.into_iter().chain(report::no_radio(is_wanted)).collect(), None));
    };
    let lines = join::join(store, &mut iwd, shown).await?;
    let begin = Instant::now();
    loop {
        let ssid = iwd.connected().await;
        if ssid.is_some() || begin.elapsed() >= ADDRESS_WITHIN {
            return Ok((lines, ssid));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[expect(clippy::print_stderr, reason = "the service manager's journal")]
fn say(lines: &[String]) {
    for line in lines {
        eprintln!("hsv-provision: {line}");
    }
}
