// SPDX-License-Identifier: MIT OR Apache-2.0
//! hsvd as a program: it judges settings, and makes itself a new camera. No rule of its is repeated here.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::owners::Fault;
use crate::take::Camera;

/// `EX_CONFIG` of sysexits.h, as hsvd ends on settings that cannot be used.
const EXIT_CONFIG: i32 = 78;
const CANDIDATE: &str = "candidate.toml";

/// Where it is, and what it reads.
#[derive(Debug)]
pub struct Hsvd {
    /// The program.
    pub program: PathBuf,
    /// The image's configuration.
    pub config: PathBuf,
    /// Its state.
    pub state: PathBuf,
    /// A folder that is empty at the next start, for settings that are judged.
    pub run: PathBuf,
}

impl Hsvd {
    /// Whether nobody has paired; `false` where that cannot be known.
    pub fn is_unpaired(&self) -> bool {
        let mut command = Command::new(&self.program);
        command.arg("--state-dir").arg(&self.state).arg("--is-paired");
        let said = command.env_remove("RUST_LOG").env_remove("JOURNAL_STREAM").output();
        said.is_ok_and(|output| output.status.success() && output.stdout == b"unpaired\n")
    }

    fn ask(&self, settings: &str) -> io::Result<Output> {
        let candidate = self.run.join(CANDIDATE);
        fs::write(&candidate, settings)?;
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(&self.config).arg("--over").arg(&candidate);
        // What was set over D-Bus is left out where it does not fit, so it has no part in this.
        command.arg("--state-dir").arg(self.run.join("no-state")).arg("--check-config");
        command.env_remove("RUST_LOG").env_remove("JOURNAL_STREAM").output()
    }
}

impl Camera for Hsvd {
    fn check(&self, settings: &str) -> Result<(), Fault> {
        match self.ask(settings) {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) if output.status.code() == Some(EXIT_CONFIG) => {
                Err(refusal(&String::from_utf8_lossy(&output.stderr)))
            }
            Ok(output) => {
                Err(Fault::from(format!("hsvd could not look at it ({})", output.status)))
            }
            Err(error) => Err(Fault::from(format!("hsvd could not be asked ({error})"))),
        }
    }

    fn reset(&self) -> Result<(), String> {
        let failed = |error: io::Error| format!("hsvd could not be asked ({error})");
        let owner = fs::metadata(&self.state).map_err(failed)?;
        let mut command = Command::new(&self.program);
        command.arg("--state-dir").arg(&self.state).arg("--factory-reset");
        // As itself: what it writes must be its own.
        let output = command.uid(owner.uid()).gid(owner.gid()).output().map_err(failed)?;
        if output.status.success() {
            Ok(())
        } else {
            Err(format!("hsvd refused ({})", output.status))
        }
    }
}

/// What hsvd says of a file, in TOML's words: a place, the line itself, and on the last line what is wrong. The
/// line is left out, since nobody knows what stands in it.
fn refusal(said: &str) -> Fault {
    let number = |word: &str| {
        let rest = said.split_once(word)?.1;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    let at = number("at line ").zip(number(", column "));
    let text = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it cannot be used");
    // Of one line, what comes after its own name for the file
    let text = text.rsplit_once(&format!("{CANDIDATE}: ")).map_or(text, |(_, text)| text);
    Fault { at, text: text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_its_place_and_not_its_line() {
        let said = "2026-11-23T14:52:48Z ERROR hsvd: configuration x.toml: TOML parse error at line 12, column 8\n   |\n\
                    12 | password = \"12345678\"\n   | ^^^^^^^^\nunknown field `password`, expected `name`\n\n";
        let fault = refusal(said);
        assert_eq!(fault.at, Some((12, 8)));
        assert_eq!(fault.text, "unknown field `password`, expected `name`");
        assert_eq!(refusal("").at, None);
        let said = "2026-11-23T14:52:48Z ERROR hsvd: configuration /run/hsv/candidate.toml: [body] board: no table \"x\"\n";
        assert_eq!(refusal(said).to_string(), "[body] board: no table \"x\"");
    }
}
