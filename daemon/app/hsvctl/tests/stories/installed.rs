// SPDX-License-Identifier: MIT OR Apache-2.0
//! Man pages and completions, as images install them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::house::{HSVCTL, Told, has, write};

/// What `cargo run -p hsvctl --example generate DIR` makes.
fn generated() -> TempDir {
    let folder = TempDir::new().unwrap();
    let program = Path::new(HSVCTL).with_file_name("examples").join("generate");
    let made = Command::new(program).arg(folder.path()).output().unwrap();
    assert!(made.status.success(), "{}", Told::of(&made).error);
    folder
}

/// Every file below `folder`, by its name there.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), PathBuf::from(entry.file_name()));
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(below, text)| (name.join(below), text)));
        } else {
            found.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
    found
}

#[test]
fn what_images_install_is_up_to_date() {
    let installed = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("dist"));
    let made = files(generated().path());
    let names = |of: &BTreeMap<PathBuf, String>| of.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&installed), names(&made));
    for (name, text) in made {
        assert_eq!(
            installed[&name],
            text,
            "{}: generate dist again, as the head of examples/generate.rs says",
            name.display()
        );
    }
}

fn pages(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("man1")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn man_pages_render_without_a_warning() {
    if !has("groff") {
        return;
    }
    let folder = generated();
    let pages = pages(folder.path());
    assert!(pages.len() > 20, "{pages:?}");
    for page in pages {
        let mut groff = Command::new("groff");
        groff.args(["-man", "-Tutf8", "-ww", "-rLL=78n"]).arg(&page);
        let told = Told::of(&groff.output().unwrap());
        assert_eq!((told.code, told.error.as_str()), (0, ""), "{}", page.display());
        assert!(unstruck(&told.out).contains("SYNOPSIS"), "{}", page.display());
    }
    let mut groff = Command::new("groff");
    groff.args(["-man", "-Tascii", "-P-c"]).arg(folder.path().join("man1/hsvctl.1"));
    let main = unstruck(&Told::of(&groff.output().unwrap()).out);
    for part in ["Exit status:", "HSV_BUS", "Environment:", "hsvctl-factory-reset(1)"] {
        assert!(main.contains(part), "no {part} in {main}");
    }
}

/// Without what a printer would strike twice, for bold and underlined letters.
fn unstruck(page: &str) -> String {
    page.chars().fold(String::new(), |mut text, c| {
        match c {
            '\u{8}' => drop(text.pop()),
            c => text.push(c),
        }
        text
    })
}

/// The words that may follow `hsvctl pr` and, where a shell is told of them, `hsvctl privacy `.
#[test]
fn completions_complete() {
    let folder = generated();
    let bash = "source COMPLETION; f() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); \
                _hsvctl hsvctl \"${@: -1}\" \"${@: -2:1}\"; echo \"${COMPREPLY[@]}\"; }; \
                f hsvctl pr; f hsvctl privacy ''";
    let fish = "source COMPLETION; complete -C 'hsvctl pr'";
    let zsh = "autoload -Uz compinit; compinit -u -d ZDUMP; source COMPLETION; \
               [[ ${_comps[hsvctl]} == _hsvctl && ${functions[_hsvctl]} == *'(privacy)'* ]] && \
               print privacy";
    for (shell, file, script, words) in [
        ("bash", "bash/hsvctl", bash, &["on", "off"][..]),
        ("fish", "fish/hsvctl.fish", fish, &[]),
        ("zsh", "zsh/_hsvctl", zsh, &[]),
    ] {
        if !has(shell) {
            continue;
        }
        let file = folder.path().join(file);
        let dump = folder.path().join("dump");
        let script = script
            .replace("COMPLETION", &file.display().to_string())
            .replace("ZDUMP", &dump.display().to_string());
        let path = folder.path().join("script");
        write(&path, &script);
        let mut command = Command::new(shell);
        if shell == "zsh" {
            command.arg("-f");
        }
        let told = Told::of(&command.arg(path).env("HOME", folder.path()).output().unwrap());
        assert_eq!(told.error, "", "{shell}");
        told.says(&["privacy"]);
        for word in words {
            let is_there = told.out.split_whitespace().any(|said| said == *word);
            assert!(is_there, "{shell} does not know {word}: {}", told.out);
        }
    }
}

#[test]
fn help_fits_eighty_columns() {
    let mut asked = vec![vec![]];
    let mut seen = 0;
    while let Some(path) = asked.pop() {
        let told = Told::of(&Command::new(HSVCTL).args(&path).arg("--help").output().unwrap());
        for line in told.out.lines() {
            assert!(line.chars().count() <= 80, "hsvctl {} --help: {line}", path.join(" "));
        }
        let commands = told.out.split("Commands:\n").nth(1).unwrap_or_default();
        for line in commands.lines().take_while(|line| line.starts_with("  ")) {
            let name = line.split_whitespace().next().unwrap_or_default();
            asked.push([path.clone(), vec![name.to_owned()]].concat());
        }
        seen += 1;
    }
    assert!(seen > 20, "only {seen} helps were seen");
}
