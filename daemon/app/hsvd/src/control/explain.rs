// SPDX-License-Identifier: MIT OR Apache-2.0
//! Why there is a recording, or none: everything that one needs, in order, in plain words.

use std::time::{Duration, SystemTime};

use ::control::{Condition, Recording};

use super::facts::Facts;
use crate::hands::Switch;

/// A recording that began so long before a motion still belongs to it: hubs open at once.
const BEFORE_MOTION: Duration = Duration::from_secs(10);

/// What a recording needs, in the order in which it is needed. The first that is not met is why
/// there is none.
pub fn conditions(facts: &Facts) -> Vec<Condition> {
    vec![
        paired(facts),
        camera_on(facts),
        privacy_off(facts),
        recording_allowed(facts),
        hub_connected(facts),
        motion_subscribed(facts),
        selected(facts),
        capture(facts),
        encoder(facts),
        motion(facts),
        opened(facts),
    ]
}

/// A condition with what to do where it is not met.
fn condition(name: &str, met: bool, text: impl Into<String>, advice: &str) -> Condition {
    let advice = if met { String::new() } else { advice.to_owned() };
    Condition { name: name.to_owned(), met, text: text.into(), advice }
}

fn either(is_so: bool, so: &str, not_so: &str) -> String {
    if is_so { so } else { not_so }.to_owned()
}

pub(super) fn paired(facts: &Facts) -> Condition {
    let met = facts.state.mode.is_paired;
    let text =
        either(met, "The camera belongs to a home.", "Nobody has added the camera to a home.");
    condition("paired", met, text, "Add it in the Home app with its setup code.")
}

fn camera_on(facts: &Facts) -> Condition {
    let met = facts.state.mode.homekit_camera_active;
    let text = either(met, "The camera is on in Home.", "The camera is off in Home.");
    let advice = "Choose Stream & Allow Recording in the camera's settings in Home, for both when \
                  somebody is home and when everybody is away.";
    condition("camera-on", met, text, advice)
}

fn privacy_off(facts: &Facts) -> Condition {
    let state = &facts.state;
    let (text, advice) = match state.switch {
        Switch::Unreadable => (
            "The privacy switch cannot be read, which counts as on.",
            "Check the switch's wires and the board's table.",
        ),
        _ if state.is_switched_off => {
            ("The privacy switch on the camera is on.", "Slide the privacy switch back.")
        }
        _ if state.is_disabled_by_owner => {
            ("The camera was switched off on this machine.", "Switch software privacy off.")
        }
        _ => ("No hand has switched the camera off.", ""),
    };
    condition("privacy-off", !state.mode.manually_disabled, text, advice)
}

fn recording_allowed(facts: &Facts) -> Condition {
    let met = facts.state.mode.recording_active;
    let text = either(met, "Home allows recording.", "Home does not allow recording now.");
    let advice = "Choose Stream & Allow Recording in the camera's settings in Home; it needs an \
                  iCloud+ plan and a home hub.";
    condition("recording-allowed", met, text, advice)
}

pub(super) fn hub_connected(facts: &Facts) -> Condition {
    let text = match facts.sessions {
        0 => "No controller and no home hub is connected.".to_owned(),
        1 => "One controller or home hub is connected.".to_owned(),
        many => format!("{many} controllers and home hubs are connected."),
    };
    let advice = "Check that a home hub (HomePod or Apple TV) is on, in the same network, and may \
                  reach the camera's ports.";
    condition("hub-connected", facts.sessions > 0, text, advice)
}

pub(super) fn motion_subscribed(facts: &Facts) -> Condition {
    let met = facts.listeners > 0;
    let text = either(
        met,
        "A home hub wants to be told of motion.",
        "Nobody who is connected wants to be told of motion.",
    );
    let advice = "Wait some minutes for the home hub; else restart it, or switch recording off and \
                  on again in Home.";
    condition("motion-subscribed", met, text, advice)
}

pub(super) fn selected(facts: &Facts) -> Condition {
    let met = facts.state.mode.has_selected_configuration;
    let text = either(
        met,
        "A home hub has selected how recordings are made.",
        "No home hub has selected how recordings are made.",
    );
    let advice = "Switch recording off and on again in Home; a home hub then selects anew.";
    condition("selected", met, text, advice)
}

fn capture(facts: &Facts) -> Condition {
    let (met, text) = match &facts.troubles.source {
        Some(reason) => (false, format!("The sensor gives no pictures: {reason}.")),
        None if facts.is_capturing => (true, "The sensor gives pictures.".to_owned()),
        None => (false, "The sensor is closed.".to_owned()),
    };
    let advice =
        "If the camera is on and this stays so, check the sensor's cable and [video] source.";
    condition("capture", met, text, advice)
}

fn encoder(facts: &Facts) -> Condition {
    let (held, wanted) = (facts.prebuffer, facts.wanted_prebuffer);
    let (met, text) = match &facts.troubles.encoder {
        Some(reason) => (false, format!("The encoder stopped: {reason}.")),
        None if held.is_zero() => (false, "The encoder has not made a whole fragment.".to_owned()),
        None => {
            let (held, wanted) = (held.as_secs_f64(), wanted.as_secs_f64());
            (
                true,
                format!("The last {held:.0} s are held for a recording, of {wanted:.0} s wanted."),
            )
        }
    };
    let advice = "Wait some seconds after the camera was switched on; else choose another [video] \
                  encoder.";
    condition("encoder", met, text, advice)
}

fn motion(facts: &Facts) -> Condition {
    let text = match facts.last.motion {
        _ if facts.state.is_moving => "Motion is seen now.".to_owned(),
        Some(at) => format!("Motion was last seen {} ago.", ago(facts.now, at)),
        None => format!("No motion was seen in the {} since the start.", words(facts.uptime)),
    };
    let advice = "Walk before the camera, or trigger motion; if walking is not seen, raise [motion] \
                  sensitivity or check its zones.";
    condition("motion", facts.last.motion.is_some(), text, advice)
}

fn opened(facts: &Facts) -> Condition {
    let last = &facts.last;
    let started = last.recording.as_ref().map(|recording| {
        let since_epoch = Duration::from_secs(recording.started.unsigned_abs());
        (recording, SystemTime::UNIX_EPOCH + since_epoch)
    });
    let refusal = last.refusal.as_ref().filter(|(at, _)| started.is_none_or(|(_, of)| *at > of));
    let belongs = |recording: &Recording, at: SystemTime| {
        let open = BEFORE_MOTION.max(Duration::from_millis(recording.open_ms));
        last.motion.is_none_or(|motion| at + open >= motion)
    };
    let (met, text, advice) = match (refusal, started) {
        (Some((at, reason)), _) => (
            false,
            format!("The home hub asked {} ago and was refused: {reason}.", ago(facts.now, *at)),
            "See the conditions above; the hub asks again at the next motion.",
        ),
        (None, Some((recording, _))) if recording.outcome == "running" => {
            (true, "A home hub takes a recording now.".to_owned(), "")
        }
        (None, Some((recording, at))) if belongs(recording, at) => (
            recording.outcome == "normal",
            format!("The last one was opened {} ago. {}.", ago(facts.now, at), recording.reason),
            "Check the network between camera and home hub if this happens again.",
        ),
        (None, Some((_, at))) => (
            false,
            format!(
                "The home hub opened none after the last motion; the last was opened {} ago.",
                ago(facts.now, at)
            ),
            "The hub decides by what it is set to record: check the activity zones and what is \
             recorded (any motion, or people only) in Home.",
        ),
        (None, None) => (
            false,
            "No home hub has opened a recording since the start.".to_owned(),
            "If motion was seen, check that the home hub reaches the camera's data port, and \
             restart the hub.",
        ),
    };
    condition("opened", met, text, advice)
}

/// Of the Unix epoch.
pub(super) fn seconds(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// How long ago, in words.
pub(super) fn ago(now: SystemTime, then: SystemTime) -> String {
    words(now.duration_since(then).unwrap_or_default()) // a clock that went back: just now
}

/// A time in words, of its largest unit.
pub(super) fn words(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests;
