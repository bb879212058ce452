// SPDX-License-Identifier: MIT OR Apache-2.0
//! The service manager's view of the camera, where systemd is the service manager.

use control::Finding;
use zbus::{OwnedObjectPath, Proxy};

use super::{finding, well};
use crate::bus::Bus;
use crate::logs::UNIT;

const SYSTEMD: &str = "org.freedesktop.systemd1";

/// None where no systemd answers.
pub async fn look(bus: &Bus) -> Option<Finding> {
    let [load, active, sub, result] = states(bus).await.ok()?;
    let state = format!("{UNIT} is {active} ({sub})");
    Some(match (load.as_str(), active.as_str()) {
        ("loaded", "active") => well("unit", state),
        ("loaded", "failed") => {
            let advice = "hsvctl logs says why it ended; systemctl restart hsvd starts it again";
            finding("unit", "fault", format!("{UNIT} has failed: {result}"), advice)
        }
        ("loaded", _) => finding("unit", "warning", state, "systemctl start hsvd starts it"),
        ("not-found", _) => {
            let text = format!("systemd knows no {UNIT}");
            finding("unit", "warning", text, "install it, or start hsvd by other means")
        }
        _ => {
            let text = format!("{UNIT} cannot be used: {load}");
            finding("unit", "fault", text, "systemctl status hsvd says more")
        }
    })
}

async fn states(bus: &Bus) -> zbus::Result<[String; 4]> {
    let manager = Proxy::new(
        bus.connection(),
        SYSTEMD,
        "/org/freedesktop/systemd1",
        "org.freedesktop.systemd1.Manager",
    )
    .await?;
    let path: OwnedObjectPath = manager.call("LoadUnit", &(UNIT,)).await?;
    let unit =
        Proxy::new(bus.connection(), SYSTEMD, &path, "org.freedesktop.systemd1.Unit").await?;
    let load: String = unit.get_property("LoadState").await?;
    let result = if load == "loaded" {
        Proxy::new(bus.connection(), SYSTEMD, &path, "org.freedesktop.systemd1.Service")
            .await?
            .get_property("Result")
            .await?
    } else {
        String::new()
    };
    Ok([
        load,
        unit.get_property("ActiveState").await?,
        unit.get_property("SubState").await?,
        result,
    ])
}
