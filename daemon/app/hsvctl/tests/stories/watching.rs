// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl watch` goes on until Ctrl-C, whatever else ends.

use std::time::Duration;

use serde_json::Value;

use crate::house::{House, Running};
use crate::shapes::example;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_come_as_things_happen_and_ctrl_c_ends_it_well() {
    let house = House::new().await;
    let watch = Running::start(house.command(&["watch"]));
    assert!(watch.line().ends_with("Stream & Allow Recording, 1 watching"));
    house.run(&["motion", "trigger"]);
    watch.until("recording 12 begins");
    watch.until("recording 12 ends, normal: 48.0 s, 11.5 MB; the motion was over");
    watch.until("live view 3 begins: 1280x720@30 for 192.168.1.20");
    watch.until("live view 3 ends: the viewer left");
    house.run(&["privacy", "on"]);
    watch.until("privacy on");
    house.run(&["night", "off"]);
    watch.until("night vision: off");
    assert_eq!(watch.interrupt(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_outlives_the_camera_and_the_bus() {
    let mut house = House::new().await;
    let watch = Running::start(house.command(&["watch"]));
    watch.line();
    house.end_camera().await;
    watch.until("the camera's program stopped; waiting");
    house.state.lock().unwrap().mode = "off";
    house.start_camera().await;
    watch.until("the camera's program runs");
    watch.until("mode: Off");
    house.run(&["privacy", "on"]);
    watch.until("privacy on");

    house.bus.end();
    watch.until("the bus is gone; waiting");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    house.bus.again();
    watch.until("the bus is back");
    house.state.lock().unwrap().mode = "stream";
    house.start_camera().await;
    watch.until("mode: Stream");
    house.run(&["privacy", "off"]);
    watch.until("privacy off");
    assert_eq!(watch.interrupt(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_get_the_promised_events() {
    let mut house = House::new().await;
    let watch = Running::start(house.command(&["watch", "--json"]));
    let mut promised = example("hsvctl watch");
    let told = |promised: &mut Vec<Value>| {
        let expected = promised.remove(0);
        loop {
            let mut line: Value = serde_json::from_str(&watch.line()).expect("JSON");
            assert!(line["time"].as_i64().is_some_and(|time| time > 1_700_000_000), "{line}");
            line["time"] = 0.into();
            if line == expected {
                return;
            }
            assert_eq!(line["event"], "property", "not {expected}: {line}");
        }
    };
    told(&mut promised); // a property
    house.run(&["motion", "trigger"]);
    for _ in 0..4 {
        told(&mut promised);
    }
    house.end_camera().await;
    told(&mut promised);
    house.start_camera().await;
    told(&mut promised);
    house.bus.end();
    told(&mut promised);
    house.bus.again();
    told(&mut promised);
    assert_eq!(promised, Vec::<Value>::new(), "all were seen");
    assert_eq!(watch.interrupt(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_sums_tuning_up() {
    let house = House::new().await;
    let tune = Running::start(house.command(&["motion", "tune", "--seconds", "600"]));
    tune.line();
    tune.line();
    assert_eq!(tune.interrupt(), 0);
}
