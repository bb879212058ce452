// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the server costs: `cargo run --release -p hap --example cost`. The controller's own work
//! is not counted.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement to be read by people")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use support::{CODE, Controller, Home, Link};

fn main() {
    let begin = Instant::now();
    let mut home = Home::new();
    show("verifier of the setup code", vec![begin.elapsed()]);
    pair_setup(&mut home);

    let (mut home, admin, mut link) = Home::paired();
    let verify = |_| {
        home.spent = Duration::ZERO;
        admin.session(&mut home).close(&mut home);
        home.spent
    };
    show("pair verify M1 to M4", (0..1000).map(verify).collect());
    for (name, path) in [
        ("GET one characteristic", "/characteristics?id=1.22"),
        ("GET five characteristics", "/characteristics?id=1.3,1.11,1.12,1.13,1.22"),
        ("GET /accessories", "/accessories"),
    ] {
        let get = |_| {
            home.spent = Duration::ZERO;
            link.get(&mut home, path);
            home.log.clear();
            home.spent
        };
        show(name, (0..10_000).map(get).collect());
    }
    show("snapshot of 100 KB", (0..500).map(|_| snapshot(&mut home, &mut link)).collect());
}

fn pair_setup(home: &mut Home) {
    let admin = Controller::new("admin", 1);
    let (mut m2, mut m4) = (Vec::new(), Vec::new());
    for _ in 0..50 {
        let mut link = home.connect();
        home.spent = Duration::ZERO;
        let answer = admin.start(home, &mut link).unwrap();
        m2.push(std::mem::take(&mut home.spent));
        let proof = admin.prove(home, &mut link, &answer, CODE);
        m4.push(home.spent);
        assert!(proof.is_ok());
        link.close(home);
    }
    show("pair setup M1 to M2", m2);
    show("pair setup M3 to M4", m4);
}

/// Nearly all of it is encryption.
fn snapshot(home: &mut Home, link: &mut Link) -> Duration {
    home.camera = support::Mode::Waits;
    home.spent = Duration::ZERO;
    let body = r#"{"resource-type":"image","image-width":640,"image-height":360}"#;
    link.ask(home, "POST", "/resource", body);
    let (ticket, _) = home.requests().pop().unwrap();
    home.log.clear();
    let reply = hap::Reply::Snapshot(Ok(vec![0xd8; 100_000].into()));
    home.input(hap::Input::Reply { ticket, reply });
    link.only_message(home);
    home.spent
}

/// The least is what it costs; the median is what it took beside the machine's other work.
fn show(name: &str, mut spent: Vec<Duration>) {
    spent.sort_unstable();
    let us = |spent: Duration| spent.as_secs_f64() * 1e6;
    let median = us(spent[spent.len() / 2]);
    println!("{name:28} least {:8.1} us   median {median:8.1} us", us(spent[0]));
}
