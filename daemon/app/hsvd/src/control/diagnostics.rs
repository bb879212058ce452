// SPDX-License-Identifier: MIT OR Apache-2.0
//! An archive for whoever helps the owner. What is secret is taken out of every line: what the store
//! holds, what the owner's file says of pairing, and whatever a line itself calls a secret.

mod named;
mod redact;
mod tar;

use std::fmt::Write;

use ::control::{Condition, Finding, Setting};

pub use redact::Redactor;

use super::facts::Facts;

/// What goes in.
pub struct Material<'a> {
    /// Of the program, and its board's id.
    pub version: &'a str,
    pub board: &'a str,
    pub facts: &'a Facts,
    pub findings: &'a [Finding],
    pub conditions: &'a [Condition],
    pub settings: &'a [Setting],
    /// The last lines of the log.
    pub journal: &'a [String],
}

/// The archive's bytes.
pub fn archive(material: &Material<'_>, redactor: &Redactor) -> Vec<u8> {
    let files = [
        ("version.txt", version(material)),
        ("configuration.toml", configuration(material.settings)),
        ("state.txt", state(material.facts)),
        ("counters.txt", counters(material.facts)),
        ("findings.txt", findings(material.findings)),
        ("recording.txt", conditions(material)),
        ("journal.txt", material.journal.join("\n") + "\n"),
    ];
    let texts = files.map(|(name, text)| (name, redactor.text(&text)));
    tar::archive(&texts, super::explain::seconds(material.facts.now))
}

fn version(material: &Material<'_>) -> String {
    let Material { version, board, facts, .. } = material;
    let kernel = std::fs::read_to_string("/proc/version").unwrap_or_default();
    let up_s = facts.uptime.as_secs();
    format!("hsvd {version}\nboard {board}\nup {up_s} s\n{kernel}")
}

fn configuration(settings: &[Setting]) -> String {
    let mut text = String::new();
    for Setting { key, value, from } in settings.iter().filter(|one| !one.value.is_empty()) {
        line(&mut text, format_args!("{key} = {value} # {from}"));
    }
    text
}

fn state(facts: &Facts) -> String {
    let state = &facts.state;
    format!(
        "mode {}\nmanually disabled {}\nprivacy switch {}\nfilter {}\nlight {}\npermits {:?}\n\
         paired {}\nsessions {}, of them told of motion {}\ndata streams {}\ncapturing {}\n\
         prebuffer {:?}\ntroubles {:?}\n",
        state.mode(),
        state.mode.manually_disabled,
        state.privacy_switch(),
        state.night(),
        state.status_light(),
        state.permits(),
        state.mode.is_paired,
        facts.sessions,
        facts.listeners,
        facts.data_streams,
        facts.is_capturing,
        facts.prebuffer,
        facts.troubles,
    )
}

fn counters(facts: &Facts) -> String {
    let mut text = String::new();
    for (name, value) in &facts.counters {
        line(&mut text, format_args!("{name} {value}"));
    }
    text
}

fn findings(findings: &[Finding]) -> String {
    let mut text = String::new();
    for Finding { check, verdict, text: said, advice } in findings {
        line(&mut text, format_args!("{verdict:8}{check}: {said} {advice}"));
    }
    text
}

fn conditions(material: &Material<'_>) -> String {
    let mut text = String::new();
    for Condition { name, met, text: said, advice } in material.conditions {
        let met = if *met { "met" } else { "NOT" };
        line(&mut text, format_args!("{met:5}{name}: {said} {advice}"));
    }
    line(&mut text, format_args!("last: {:?}", material.facts.last));
    text
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail
    if writeln!(text, "{arguments}").is_err() {
        text.push('\n');
    }
}

#[cfg(test)]
mod tests;
