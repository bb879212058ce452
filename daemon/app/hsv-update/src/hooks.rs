// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs the programs of a stage: those of the image, then, where one of the same name is there, the owner's in its place.
//!
//! Each is a file `update.d/STAGE/NAME` that may be executed, in the order of the names.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use ota::hooks::{Effect, Stage, TIME_LIMIT};
use tokio::process::Command;
use tracing::{info, warn};

/// Characters of a complaint.
const MOST_SAID: usize = 200;

/// Where they are, and what they are told.
#[derive(Debug, Clone)]
pub struct Hooks {
    /// Folders named `update.d`; a later one's programs take the place of an earlier one's.
    pub folders: Vec<PathBuf>,
    /// For each program.
    pub time_limit: Duration,
}

/// A program that did not end well, where that matters.
#[derive(Debug, PartialEq, Eq)]
pub struct Failed {
    /// What follows from it.
    pub effect: Effect,
    /// A sentence's end.
    pub text: String,
}

impl Hooks {
    /// In `folders`.
    pub fn new(folders: Vec<PathBuf>) -> Self {
        Self { folders, time_limit: TIME_LIMIT }
    }

    /// Runs all of `stage`, up to the first whose failure is more than told.
    ///
    /// # Errors
    /// That one.
    pub async fn run(&self, stage: Stage, told: &[(&str, &str)]) -> Result<(), Failed> {
        for (name, program) in self.programs(stage) {
            info!(stage = stage.name(), name, "hook");
            let (code, how) = self.execute(&program, stage, told).await;
            let Some(effect) = stage.effect(code) else { continue };
            let text = format!("the hook {}/{name} {how}", stage.name());
            if effect != Effect::Tell {
                return Err(Failed { effect, text });
            }
            warn!("{text}");
        }
        Ok(())
    }

    fn programs(&self, stage: Stage) -> BTreeMap<String, PathBuf> {
        let mut found = BTreeMap::new();
        for folder in &self.folders {
            let Ok(entries) = fs::read_dir(folder.join(stage.name())) else { continue };
            for entry in entries.flatten() {
                let is_program = fs::metadata(entry.path())
                    .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0);
                if let (true, Ok(name)) = (is_program, entry.file_name().into_string()) {
                    found.insert(name, entry.path());
                }
            }
        }
        found
    }

    /// Its exit code, if it ended by itself, and how it ended.
    async fn execute(
        &self,
        program: &PathBuf,
        stage: Stage,
        told: &[(&str, &str)],
    ) -> (Option<i32>, String) {
        let mut command = Command::new(program);
        command.env("HSV_STAGE", stage.name()).envs(told.iter().copied());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        match tokio::time::timeout(self.time_limit, command.output()).await {
            Ok(Ok(output)) => (output.status.code(), ended(&output)),
            Ok(Err(error)) => (None, format!("cannot be run: {error}")),
            Err(_) => (None, format!("took longer than {} s", self.time_limit.as_secs())),
        }
    }
}

/// How it ended, and the last that it complained of.
fn ended(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let last: String = last.chars().filter(|c| !c.is_control()).take(MOST_SAID).collect();
    match last.is_empty() {
        true => format!("ended with {}", output.status),
        false => format!("ended with {}: {last}", output.status),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn put(folder: &Path, stage: Stage, name: &str, text: &str) {
        let place = folder.join(stage.name());
        fs::create_dir_all(&place).unwrap();
        let file = place.join(name);
        fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn hooks(place: &Path) -> Hooks {
        let folders = vec![place.join("image"), place.join("owner")];
        Hooks { folders, time_limit: Duration::from_millis(500) }
    }

    #[tokio::test]
    async fn they_run_in_order_and_the_owners_stand_before_the_images() {
        let place = tempfile::tempdir().unwrap();
        let at = place.path().display();
        let say = |word: &str| format!("echo {word} $HSV_STAGE $HSV_TO >> {at}/said");
        put(&place.path().join("image"), Stage::PreInstall, "20-b", &say("image"));
        put(&place.path().join("image"), Stage::PreInstall, "10-a", &say("first"));
        put(&place.path().join("owner"), Stage::PreInstall, "20-b", &say("owner"));
        put(&place.path().join("owner"), Stage::PreCheck, "10-a", &say("another"));
        fs::write(place.path().join("image/pre-install/README"), "no program").unwrap();
        hooks(place.path()).run(Stage::PreInstall, &[("HSV_TO", "1.1.0")]).await.unwrap();
        let said = fs::read_to_string(place.path().join("said")).unwrap();
        assert_eq!(said, "first pre-install 1.1.0\nowner pre-install 1.1.0\n");
    }

    #[tokio::test]
    async fn a_failure_ends_the_stage_where_it_matters() {
        let place = tempfile::tempdir().unwrap();
        let image = place.path().join("image");
        put(&image, Stage::PreInstall, "10-a", "echo first >&2; echo no card >&2; exit 3");
        put(&image, Stage::PreReboot, "10-a", "exit 75");
        put(&image, Stage::PreReboot, "20-b", "echo ran >> $0.ran");
        put(&image, Stage::Committed, "10-a", "exit 1");
        put(&image, Stage::FirstBoot, "10-a", "sleep 30");
        let hooks = hooks(place.path());
        let failed = hooks.run(Stage::PreInstall, &[]).await.unwrap_err();
        assert_eq!(failed.effect, Effect::Refuse);
        assert!(
            failed.text.contains("pre-install/10-a ended with exit status: 3: no card"),
            "{failed:?}"
        );
        assert_eq!(hooks.run(Stage::PreReboot, &[]).await.unwrap_err().effect, Effect::Wait);
        assert!(!image.join("pre-reboot/20-b.ran").exists());
        assert_eq!(hooks.run(Stage::Committed, &[]).await, Ok(()));
        let late = hooks.run(Stage::FirstBoot, &[]).await.unwrap_err();
        assert_eq!(late.effect, Effect::GiveBack);
        assert!(late.text.contains("took longer"), "{late:?}");
        assert_eq!(hooks.run(Stage::RolledBack, &[]).await, Ok(()));
    }
}
