// SPDX-License-Identifier: MIT OR Apache-2.0
//! JSON.md is a promise: each of its examples is what the command says to the fake camera.

use std::collections::HashMap;

use serde_json::Value;

use crate::fake::State;
use crate::house::{House, Told};

/// Headings with the lines of their example, in which each JSON value begins a new one.
fn sections() -> Vec<(String, Vec<Value>)> {
    let text = include_str!("../../JSON.md");
    let sections = text.split("\n## ").skip(1).map(|section| {
        let (heading, body) = section.split_once('\n').expect("a heading has a body");
        let example = body.split("```json\n").nth(1).and_then(|rest| rest.split("```").next());
        let values = serde_json::Deserializer::from_str(example.unwrap_or("")).into_iter();
        (heading.replace('`', ""), values.map(|value| value.expect("examples are JSON")).collect())
    });
    sections.collect()
}

pub fn example(heading: &str) -> Vec<Value> {
    let found = sections().into_iter().find(|(name, _)| name == heading);
    found.unwrap_or_else(|| panic!("JSON.md has no {heading}")).1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_says_what_its_example_says() {
    let mut held = 0;
    for (heading, example) in sections() {
        let Some(arguments) = heading.strip_prefix("hsvctl ") else { continue };
        if ["watch", "logs"].contains(&arguments) {
            continue; // other stories
        }
        let house = House::new().await;
        let arguments: Vec<&str> = ["--json"].into_iter().chain(arguments.split(' ')).collect();
        let told = house.run(&arguments);
        assert_eq!((told.code, told.error.as_str()), (0, ""), "{heading}: {told:?}");
        let out = told.out.replace(&house.bus.address(), "BUS");
        let lines: Vec<Value> =
            out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines, example, "{heading}");
        held += 1;
    }
    assert!(held >= 18, "only {held} examples were found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_are_objects_too() {
    let refuse = || control::Error::NotPermitted("the camera is off".to_owned());
    let refusals: HashMap<_, fn() -> _> = [("Identify", refuse as fn() -> _)].into();
    let house = House::with(State { refusals, ..State::default() }, "").await;
    let told = house.run(&["identify", "--json"]);
    let said: Value = serde_json::from_str(&told.error).expect("JSON");
    assert_eq!((told.code, told.out.as_str(), said), (1, "", example("Errors").remove(0)));
    house.end_camera().await;
    let Told { code, error, .. } = house.run(&["identify", "--json"]);
    let said: Value = serde_json::from_str(&error).expect("JSON");
    assert_eq!((code, &said["error"]), (3, &"not-running".into()));
}
