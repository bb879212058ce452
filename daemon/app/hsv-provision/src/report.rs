// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the owner is told on the card, in `hsv-report.txt`. Names of networks may stand there, passwords never.

use std::net::IpAddr;

use crate::join::{Outcome, Verdict};
use crate::owners::Fault;
use crate::shown::Refusal;

/// The file's name.
pub const NAME: &str = "hsv-report.txt";
const HEAD: &str =
    "What the camera says. Written at its start; write nothing here, but into hsv.toml.";

/// The file's text, with line ends that each of Windows' editors shows.
pub fn text(lines: &[String]) -> String {
    let lines = [HEAD.to_owned(), String::new()].into_iter().chain(lines.iter().cloned());
    lines.map(|line| line + "\r\n").collect()
}

/// About `[wifi]`, taken or not.
pub fn wifi(file: &str, taken: Result<&[String], &Fault>, is_off_the_card: bool) -> Option<String> {
    Some(match taken {
        Ok([]) => return None,
        Ok(names) => {
            let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
            let card = if is_off_the_card {
                format!("taken out of {file}")
            } else {
                format!("still in {file}, since the card cannot be written")
            };
            format!("Wi-Fi: {} taken over; name and password are {card}.", names.join(", "))
        }
        Err(fault) => format!("Wi-Fi: NOT taken. {file}, {fault}. The networks of before stay."),
    })
}

/// About a network that was shown to the camera.
pub fn shown(taken: Result<&str, &Refusal>) -> String {
    match taken {
        Ok(ssid) => format!("Wi-Fi: \"{ssid}\" taken over from the code that was shown."),
        Err(refusal) => format!("Wi-Fi: what was shown is NOT taken: {refusal}."),
    }
}

/// About all but `[wifi]`.
pub fn settings(file: &str, taken: Result<(), &Fault>) -> String {
    match taken {
        Ok(()) => format!("Settings: those of {file} are used."),
        Err(fault) => format!("Settings: NOT taken. {file}, {fault}. The settings of before stay."),
    }
}

/// About a file of which nothing can be taken.
pub fn unreadable(file: &str, why: &str) -> String {
    format!("NOTHING taken of {file}: {why}. The settings and networks of before stay.")
}

/// How the trial of a network went.
pub fn trial(ssid: &str, outcome: &Outcome, verdict: Verdict) -> String {
    let what = match outcome {
        Outcome::Joined => "joined",
        Outcome::Refused => "refused by the router; most likely the password is wrong",
        Outcome::NotFound => {
            "not found; look at its name, capital letters too, and whether the camera is near enough"
        }
        Outcome::OtherKind(kind) => match kind.as_str() {
            "open" => "joined without a password by everybody else; take the password out",
            "psk" => "joined with a password, and none was given",
            _ => "of a kind that this camera cannot join",
        },
        Outcome::NoAddress => "joined, but nobody there gave the camera an address",
        Outcome::NoAnswer => "not joined in time",
    };
    let then = match (outcome, verdict) {
        (Outcome::Joined, _) => "",
        (_, Verdict::Keep) => " It is tried again as long as the camera is on.",
        (_, Verdict::GoBack) => {
            " The network of before is used. Write this one into hsv.toml anew."
        }
        (_, Verdict::Postpone) => {
            " The network of before is used. This one is tried again at the next start."
        }
        (_, Verdict::Drop) => " It is not kept. Show its code again, or write it into hsv.toml.",
    };
    format!("Wi-Fi \"{ssid}\": {what}.{then}")
}

/// A network beside one that was joined.
pub fn kept(ssid: &str) -> String {
    format!("Wi-Fi \"{ssid}\": kept, for where it is the only one.")
}

/// No radio was found in time for networks that are wanted.
pub fn no_radio(is_wanted: bool) -> Option<String> {
    is_wanted
        .then(|| "Wi-Fi: no radio was found; the networks are tried at the next start.".to_owned())
}

/// No radio was found in time for the network that was shown.
pub fn no_radio_for(ssid: &str) -> String {
    format!("Wi-Fi \"{ssid}\": no radio was found. It is not kept.")
}

/// Where the camera is now.
pub fn network(ssid: Option<&str>, addresses: &[(String, IpAddr)]) -> String {
    let wifi = ssid.map_or_else(String::new, |ssid| format!("Wi-Fi \"{ssid}\", "));
    let addresses: Vec<String> =
        addresses.iter().map(|(interface, address)| format!("{address} ({interface})")).collect();
    if addresses.is_empty() {
        return format!("Network: {wifi}no address.");
    }
    format!("Network: {wifi}address {}.", addresses.join(", "))
}

/// After a wish for a reset on the card.
pub fn reset(done: Result<(), &str>) -> String {
    match done {
        Ok(()) => "Factory reset: done. This is a new camera with a new setup code.".to_owned(),
        Err(why) => format!("Factory reset: NOT done. {why}."),
    }
}
