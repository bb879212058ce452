// SPDX-License-Identifier: MIT OR Apache-2.0
//! What usually breaks, in the order to look at it. Pure rules over what the core and the machine
//! tell.

use std::time::{Duration, SystemTime};

use ::control::Finding;

use super::explain::{self, ago};
use super::facts::Facts;
use super::machine::{Machine, is_cut_off};
use super::state::Verdict::{self, Fault, Ok, Warning};
use crate::advert::Published;

/// 2025-01-01: no camera of ours was made before it, so a clock that says so was never set.
const EARLIEST: Duration = Duration::from_secs(1_735_689_600);
/// State is small; with less free something else has filled the disk.
const DISK_WARNING: u64 = 16 << 20;
/// A save may fail at any time.
const DISK_FAULT: u64 = 1 << 20;
/// The share of all memory that should be left, as 1 over this.
const MEMORY_SHARE: u64 = 20;

/// Every check.
pub fn findings(facts: &Facts, machine: &Machine) -> Vec<Finding> {
    let of = |condition: ::control::Condition, verdict| {
        let verdict = if condition.met { Ok } else { verdict };
        finding(&condition.name, verdict, condition.text, &condition.advice)
    };
    vec![
        camera(facts),
        encoder(facts),
        sound(facts),
        lines(facts),
        clock(machine),
        network(machine),
        mdns(facts),
        ports(facts, machine),
        of(explain::paired(facts), Warning),
        of(explain::hub_connected(facts), not_paired_or(facts, Warning)),
        of(explain::motion_subscribed(facts), not_paired_or(facts, Warning)),
        of(explain::selected(facts), not_paired_or(facts, Warning)),
        recording(facts),
        motion(facts),
        data_stream(facts),
        disk(facts, machine),
        memory(machine),
        slot(machine),
        update(facts, machine),
    ]
}

/// What follows from not being paired is no finding of its own.
fn not_paired_or(facts: &Facts, verdict: Verdict) -> Verdict {
    if facts.state.mode.is_paired { verdict } else { Ok }
}

fn finding(check: &str, verdict: Verdict, text: impl Into<String>, advice: &str) -> Finding {
    let advice = if verdict == Ok { String::new() } else { advice.to_owned() };
    Finding {
        check: check.to_owned(),
        verdict: verdict.word().to_owned(),
        text: text.into(),
        advice,
    }
}

fn camera(facts: &Facts) -> Finding {
    let may_run = facts.state.permits().capture;
    let (verdict, text) = match &facts.troubles.source {
        Some(reason) => (Fault, format!("The sensor gives no pictures: {reason}.")),
        None if facts.is_capturing => (Ok, "The sensor gives pictures.".to_owned()),
        None if may_run => (Warning, "The sensor is not open yet.".to_owned()),
        None => (Ok, "The sensor is closed, as it should be now.".to_owned()),
    };
    finding("camera", verdict, text, "Check the sensor's cable and [video] source.")
}

fn encoder(facts: &Facts) -> Finding {
    let (verdict, text) = match &facts.troubles.encoder {
        Some(reason) => (Fault, format!("The encoder stopped: {reason}.")),
        None if facts.state.permits().prebuffer && facts.prebuffer.is_zero() => {
            (Warning, "The encoder has not made a whole fragment yet.".to_owned())
        }
        None => (Ok, "The encoder does what it is told.".to_owned()),
    };
    finding("encoder", verdict, text, "Choose another [video] encoder, or a smaller size.")
}

fn sound(facts: &Facts) -> Finding {
    let (verdict, text) = match (&facts.troubles.sound, &facts.troubles.speaker) {
        (Some(reason), _) => (Warning, format!("The microphone gives no sound: {reason}.")),
        (None, Some(reason)) => (Warning, format!("The loudspeaker does not play: {reason}.")),
        (None, None) if facts.has_microphone => (Ok, "The microphone is as it should be.".into()),
        (None, None) => (Ok, "There is no microphone.".into()),
    };
    finding("sound", verdict, text, "Check [audio] and that the sound card is there.")
}

fn lines(facts: &Facts) -> Finding {
    let is_broken = facts.troubles.has_body_fault;
    let (verdict, text) = match is_broken {
        true => (Fault, "A light, switch, button or filter of the body does not work."),
        false => (Ok, "The parts of the body that are fitted work."),
    };
    finding(
        "lines",
        verdict,
        text,
        "Run hsvd --check-board; it says what is found and what is missing.",
    )
}

fn clock(machine: &Machine) -> Finding {
    let is_set = machine.now >= SystemTime::UNIX_EPOCH + EARLIEST;
    let (verdict, text) = match machine.is_synchronised {
        _ if !is_set => (Fault, "The clock was never set: it stands before 2025."),
        Some(false) => (Warning, "No time server has set the clock."),
        Some(true) => (Ok, "A time server sets the clock."),
        None => (Ok, "The clock is set; who sets it is not known."),
    };
    finding("clock", verdict, text, "Check that a time server can be reached.")
}

fn network(machine: &Machine) -> Finding {
    let told: Vec<String> =
        machine.addresses.iter().map(|(name, address)| format!("{address} ({name})")).collect();
    let (verdict, text) = match is_cut_off(&machine.addresses) {
        true if told.is_empty() => (Fault, "This machine has no address.".to_owned()),
        true => (Fault, format!("This machine gave itself an address: {}.", told.join(", "))),
        false => (Ok, format!("This machine's addresses: {}.", told.join(", "))),
    };
    finding("network", verdict, text, "Check the network cable or the wireless network, and DHCP.")
}

fn mdns(facts: &Facts) -> Finding {
    let (verdict, text) = match &facts.published {
        Published::Off => (Ok, "Publishing is switched off in the configuration.".to_owned()),
        Published::NotYet => (Warning, "The camera is not published on mDNS yet.".to_owned()),
        Published::By(by) => (Ok, format!("The camera is published on mDNS by: {by}.")),
        Published::Failed(reason) => {
            (Fault, format!("The camera is not published on mDNS: {reason}."))
        }
    };
    finding("mdns", verdict, text, "See the log; another program may hold UDP port 5353.")
}

fn ports(facts: &Facts, machine: &Machine) -> Finding {
    let [hap, hds] = facts.ports.map(|at| at.port());
    let is_open = |port| machine.listening.as_ref().is_none_or(|open| open.contains(&port));
    let (verdict, text) = match is_open(hap) && is_open(hds) {
        true => (Ok, format!("TCP ports {hap} (HAP) and {hds} (data stream) are open.")),
        false => (Fault, format!("TCP port {hap} (HAP) or {hds} (data stream) is not open.")),
    };
    finding("ports", verdict, text, "Restart the camera; see the log for what holds the port.")
}

fn recording(facts: &Facts) -> Finding {
    let mode = &facts.state.mode;
    let (verdict, text) = match &facts.last.recording {
        _ if !mode.is_paired => (Ok, "Nobody is paired, so nobody records.".to_owned()),
        _ if !facts.state.permits().record => {
            (Warning, "Recording is not allowed, or not selected, now.".to_owned())
        }
        Some(last) if last.outcome == "running" => (Ok, "A home hub takes a recording.".to_owned()),
        Some(last) if last.outcome == "normal" => (Ok, format!("{}.", last.reason)),
        Some(last) => (Warning, format!("{}.", last.reason)),
        None => (Ok, "No home hub has asked for a recording since the start.".to_owned()),
    };
    finding("recording", verdict, text, "Ask why there is no recording (ExplainRecording).")
}

fn motion(facts: &Facts) -> Finding {
    let text = match facts.last.motion {
        _ if facts.state.is_moving => "Motion is seen now.".to_owned(),
        Some(at) => format!("Motion was last seen {} ago.", ago(facts.now, at)),
        None => format!("No motion in the {} since the start.", explain::words(facts.uptime)),
    };
    finding("motion", Ok, text, "")
}

fn data_stream(facts: &Facts) -> Finding {
    let (verdict, text) = match &facts.last.stream_end {
        _ if facts.data_streams > 0 => (Ok, "A home hub has a data stream open.".to_owned()),
        Some((at, reason)) => {
            (Ok, format!("The last data stream ended {} ago: {reason}.", ago(facts.now, *at)))
        }
        None => (Ok, "There was no data stream since the start.".to_owned()),
    };
    finding("data-stream", verdict, text, "")
}

fn disk(facts: &Facts, machine: &Machine) -> Finding {
    let (verdict, text) = match machine.disk {
        _ if facts.troubles.is_store_failing => (Fault, "State cannot be saved.".to_owned()),
        Some((free, _)) if free < DISK_FAULT => {
            (Fault, "The disk with the state is full.".to_owned())
        }
        Some((free, _)) if free < DISK_WARNING => {
            (Warning, format!("The disk with the state has {} MiB left.", free >> 20))
        }
        Some((free, _)) => (Ok, format!("The disk with the state has {} MiB left.", free >> 20)),
        None => (Warning, "The disk with the state cannot be looked at.".to_owned()),
    };
    finding("disk", verdict, text, "Make room, and check that the disk may be written.")
}

fn memory(machine: &Machine) -> Finding {
    let own = machine.resident.map_or(String::new(), |own| format!(" {} MiB are ours.", own >> 20));
    let (verdict, text) = match machine.memory {
        Some((left, all)) => {
            let verdict = if left < all / MEMORY_SHARE { Warning } else { Ok };
            (verdict, format!("{} of {} MiB of memory are left.{own}", left >> 20, all >> 20))
        }
        None => (Ok, format!("Memory cannot be looked at.{own}")),
    };
    finding("memory", verdict, text, "End other programs, or choose a smaller [video] size.")
}

fn slot(machine: &Machine) -> Finding {
    let text = match &machine.slot {
        Some(slot) => format!("System {slot} of this image's two runs."),
        None => "This machine does not run an A/B image.".to_owned(),
    };
    finding("slot", Ok, text, "")
}

fn update(facts: &Facts, machine: &Machine) -> Finding {
    let (verdict, text) = match (&facts.troubles.update, &machine.slot) {
        (Some(fault), _) => (Fault, format!("The last update did not stay: {fault}.")),
        (None, Some(_)) => (Ok, "No update came back.".to_owned()),
        (None, None) => (Ok, "Updates are the matter of this machine's system.".to_owned()),
    };
    finding(
        "update",
        verdict,
        text,
        "hsvctl update history tells more; hsvctl update seen ends this.",
    )
}

#[cfg(test)]
mod tests;
