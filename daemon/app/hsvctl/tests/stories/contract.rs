// SPDX-License-Identifier: MIT OR Apache-2.0
//! The fake camera keeps to the contract, or the stories would be about something else.

use std::collections::BTreeSet;

use crate::house::House;

/// Members and arguments of one interface, in any order.
fn members(xml: &str, interface: &str) -> BTreeSet<String> {
    let start = xml.find(&format!("<interface name=\"{interface}\">")).expect("it is there");
    let body = &xml[start..start + xml[start..].find("</interface>").expect("it ends")];
    let mut member = "";
    let mut all = BTreeSet::new();
    for tag in body.split('<').skip(2).filter(|tag| !tag.starts_with(['/', '!'])) {
        let value = |name: &str| {
            let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
            tag[start..].split('"').next()
        };
        match tag.split([' ', '/', '>']).next().expect("there is always one") {
            "arg" => {
                let (kind, way) =
                    (value("type").unwrap_or(""), value("direction").unwrap_or("out"));
                all.insert(format!("{member} {way} {kind}"));
            }
            kind @ ("method" | "signal" | "property") => {
                member = value("name").expect("members have names");
                let (signature, access) =
                    (value("type").unwrap_or(""), value("access").unwrap_or(""));
                all.insert(format!("{kind} {member} {signature} {access}"));
            }
            _ => {}
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fake_offers_what_the_contract_says() {
    let house = House::new().await;
    let bus =
        zbus::connection::Builder::address(house.bus.address().as_str()).build().await.unwrap();
    let camera =
        zbus::Proxy::new(&bus, control::BUS_NAME, control::OBJECT_PATH, "a.b").await.unwrap();
    let offered = camera.introspect().await.unwrap();
    for (interface, contract) in control::INTERFACES {
        let promised = members(contract, interface);
        assert!(promised.len() > 2, "{interface} was read");
        assert_eq!(members(&offered, interface), promised, "{interface}");
    }
    let (interface, contract) = control::UPDATE_INTERFACE;
    let updates = zbus::Proxy::new(&bus, control::UPDATE_NAME, control::UPDATE_PATH, "a.b");
    let offered = updates.await.unwrap().introspect().await.unwrap();
    assert_eq!(members(&offered, interface), members(contract, interface));
}
