// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsv-update`: installs updates of the whole system, and keeps only one that proves itself.
//!
//! It is another program than the camera's, so that it can judge a camera that does not run. RAUC checks and writes
//! bundles; the rules are in `ota`; the owner's way in is `org.hsvcam.Update1`.
//!
//! ```text
//!  hsvctl ─► service ─► updater ─┬─► rauc ─► the other slot, the bootloader
//!                         ▲      ├─► camera ─► hsvd (D-Bus, HAP on loopback), systemd
//!                         │      ├─► hooks ─► update.d
//!                       kept     └─► kept
//! ```

#![forbid(unsafe_code)]

mod camera;
mod hooks;
mod kept;
mod rauc;
mod service;
mod settings;
mod updater;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use ota::Slot;
use ota::gate::Limits;
use tokio::sync::{mpsc, watch};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use camera::Camera;
use hooks::Hooks;
use kept::Kept;
use rauc::Rauc;
use service::Update1;
use settings::Settings;
use updater::{About, Shown, Updater};

/// The form of the state files that this version writes and reads.
const STATE_SCHEMA: &str = include_str!("../../hsvd/dist/state-schema");
/// A service that has not answered in this time does not; RAUC may be reading a manifest over the network.
const PATIENCE: Duration = Duration::from_secs(60);
/// The bootloader's word where no system has a try left.
const LAST_RESORT: &str = "hsv.boot=last-resort";

/// Installs updates, and keeps only a system that proves itself
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// A bus other than the machine's
    #[arg(long, value_name = "ADDRESS")]
    bus: Option<String>,
    /// What is remembered of updates
    #[arg(long, value_name = "FOLDER", default_value = "/var/lib/hsv-update")]
    state_dir: PathBuf,
    /// Programs that run at the stages of an update; a later folder's stand before an earlier one's
    #[arg(long, value_name = "FOLDER", default_values = ["/usr/lib/hsv/update.d", "/etc/hsv/update.d"])]
    hooks: Vec<PathBuf>,
    /// Where the kernel tells what started it
    #[arg(long, value_name = "FILE", default_value = "/proc/cmdline")]
    command_line: PathBuf,
    /// What the system says of itself
    #[arg(long, value_name = "FILE", default_value = "/usr/lib/os-release")]
    os_release: PathBuf,
    /// Where updates come from
    #[arg(long, value_name = "FILE", default_value = "/etc/hsv/update.toml")]
    settings: PathBuf,
    /// Known to this machine alone
    #[arg(long, value_name = "FILE", default_value = "/etc/machine-id")]
    machine_id: PathBuf,
    /// For how long in a row a new system must work
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().proof.as_secs(), value_parser = clap::value_parser!(u64).range(1..))]
    proof: u64,
    /// Within which time of its start
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().patience.as_secs())]
    patience: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let plain = tracing_subscriber::fmt::layer().without_time().with_ansi(false);
    let filter = Targets::new().with_default(tracing::Level::INFO);
    tracing_subscriber::registry().with(filter).with(plain.with_writer(std::io::stderr)).init();
    run(Arguments::parse()).await
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let about = about(&arguments)?;
    let kept =
        Kept::open(&arguments.state_dir, about.slot).context("what is remembered of updates")?;
    let (show, shown) = watch::channel(Shown::default());
    let (orders, inbox) = mpsc::channel(service::CALLERS);

    let builder = match &arguments.bus {
        Some(address) => zbus::connection::Builder::address(address.as_str()),
        None => zbus::connection::Builder::system(),
    };
    let version = about.version.to_string();
    let service = Update1::new(version, about.slot, orders, shown.clone());
    let builder = builder.method_timeout(PATIENCE).serve_at(control::UPDATE_PATH, service);
    let bus = builder.build().await.context("the bus")?;
    let updater = Updater::new(
        about,
        Rauc::on(&bus).await?,
        Camera::on(&bus).await?,
        Hooks::new(arguments.hooks),
        kept,
        show,
    );
    bus.request_name(control::UPDATE_NAME).await.context("the bus gives the name to another")?;
    let served = bus.object_server().interface::<_, Update1>(control::UPDATE_PATH).await?;
    tokio::select! {
        () = updater.run(inbox) => Ok(()),
        told = service::tell(served, shown) => Ok(told?),
    }
}

fn about(arguments: &Arguments) -> anyhow::Result<About> {
    let command_line =
        fs::read_to_string(&arguments.command_line).context("the kernel's command line")?;
    let os_release = fs::read_to_string(&arguments.os_release).context("os-release")?;
    let version = ota::image::version(&os_release).context("this system is no image of ours")?;
    // A file that cannot be used is no reason to leave a system on trial to itself
    let settings = Settings::load(&arguments.settings).unwrap_or_else(|error| {
        tracing::warn!("nothing is polled: {error:#}");
        Settings::default()
    });
    let machine = fs::read_to_string(&arguments.machine_id).unwrap_or_default();
    Ok(About {
        settings,
        machine: machine.trim().to_owned(),
        version: version.parse()?,
        slot: Slot::of_command_line(&command_line).context("the kernel was not told its slot")?,
        is_last_resort: command_line.split_ascii_whitespace().any(|word| word == LAST_RESORT),
        limits: Limits {
            proof: Duration::from_secs(arguments.proof),
            patience: Duration::from_secs(arguments.patience),
        },
        readable_schema: STATE_SCHEMA.trim().parse().context("dist/state-schema")?,
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_and_the_schema_are_what_they_should_be() {
        Arguments::command().debug_assert();
        assert!(STATE_SCHEMA.trim().parse::<u32>().is_ok_and(|schema| schema > 0));
    }
}
