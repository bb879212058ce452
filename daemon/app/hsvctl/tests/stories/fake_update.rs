// SPDX-License-Identifier: MIT OR Apache-2.0
//! A program that looks after updates, and is none: one update came back.

use control::{Error, Update, UpdateOptions};
use zbus::interface;

pub struct Updates;

#[interface(name = "org.hsvcam.Update1")]
impl Updates {
    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> &str {
        "1.0.0"
    }
    #[zbus(property(emits_changed_signal = "const"))]
    fn slot(&self) -> &str {
        "A"
    }
    #[zbus(property)]
    fn state(&self) -> &str {
        "idle"
    }
    #[zbus(property)]
    fn text(&self) -> &str {
        "no update is under way"
    }
    #[zbus(property)]
    fn percent(&self) -> u32 {
        0
    }
    #[zbus(property)]
    fn pending(&self) -> &str {
        ""
    }
    #[zbus(property)]
    fn available(&self) -> &str {
        "1.2.0"
    }
    #[zbus(property)]
    fn notes(&self) -> &str {
        "Sees better at night"
    }
    #[zbus(property)]
    fn fault(&self) -> &str {
        "version 1.1.0 came back: no pictures come from the camera"
    }

    async fn install(&self, _source: String, _options: UpdateOptions) -> Result<(), Error> {
        Err(Error::Refused("the bundle is for hsv-rock-5b, and this camera is hsv-rock-3a".into()))
    }
    async fn check(&self, source: String, options: UpdateOptions) -> Result<String, Error> {
        if source.is_empty() && options.older != Some(true) {
            return Ok("1.2.0".to_owned());
        }
        Err(Error::Refused("failed to open it".to_owned()))
    }
    async fn now(&self) -> Result<(), Error> {
        Err(Error::Refused("no update waits".to_owned()))
    }
    async fn rollback(&self) -> Result<(), Error> {
        Ok(())
    }
    async fn history(&self) -> Result<Vec<Update>, Error> {
        Ok(vec![Update {
            at: 1_700_000_000,
            from_version: "1.0.0".to_owned(),
            to_version: "1.1.0".to_owned(),
            outcome: "came-back".to_owned(),
            reason: "no pictures come from the camera".to_owned(),
        }])
    }
    async fn seen(&self) -> Result<(), Error> {
        Ok(())
    }
}
