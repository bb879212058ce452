// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writes what is installed beside `hsvctl`: `cargo run -p hsvctl --example generate DIR` makes
//! `DIR/man1/*.1`, `DIR/bash/hsvctl`, `DIR/zsh/_hsvctl` and `DIR/fish/hsvctl.fish`. It runs where the
//! camera's programs are built, so that none of it is in them.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap_complete::{Shell, generate};

fn main() -> anyhow::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).context("name a folder")?);
    let man = folder.join("man1");
    fs::create_dir_all(&man)?;
    clap_mangen::generate_to(hsvctl::command(), &man)?;
    for (shell, file) in [
        (Shell::Bash, "bash/hsvctl"),
        (Shell::Zsh, "zsh/_hsvctl"),
        (Shell::Fish, "fish/hsvctl.fish"),
    ] {
        let mut script = Vec::new();
        generate(shell, &mut hsvctl::command(), "hsvctl", &mut script);
        let path = folder.join(file);
        fs::create_dir_all(path.parent().context("it has a folder")?)?;
        fs::write(path, script)?;
    }
    Ok(())
}
