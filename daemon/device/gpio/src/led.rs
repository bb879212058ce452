// SPDX-License-Identifier: MIT OR Apache-2.0
//! Lights that a kernel driver knows: `/sys/class/leds`.

use std::fs;
use std::path::{Path, PathBuf};

/// Where the kernel shows them.
pub const LEDS: &str = "/sys/class/leds";

/// Why a light does not do as told.
#[derive(Debug, thiserror::Error)]
pub enum LedError {
    /// The kernel has no light of this name.
    #[error("the kernel has no light named {name}")]
    Missing {
        /// The name.
        name: String,
    },
    /// Its files cannot be used.
    #[error("{path}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// One light of the LED class, ours alone: no trigger moves it.
#[derive(Debug)]
pub struct KernelLed {
    folder: PathBuf,
    brightest: u32,
}

impl KernelLed {
    /// Takes the light called `name` below `leds` (see [`LEDS`]) and darkens it. A trigger that
    /// the device tree gave it, such as a heartbeat, ends.
    ///
    /// # Errors
    /// [`LedError`]
    pub fn open(leds: &Path, name: &str) -> Result<Self, LedError> {
        let folder = leds.join(name);
        if !folder.is_dir() {
            return Err(LedError::Missing { name: name.to_owned() });
        }
        let led = Self { folder, brightest: 1 };
        if led.folder.join("trigger").exists() {
            led.write("trigger", "none")?;
        }
        led.write("brightness", "0")?;
        let brightest = led.read("max_brightness")?.trim().parse().unwrap_or(1);
        Ok(Self { brightest, ..led })
    }

    /// Lights or darkens it.
    ///
    /// # Errors
    /// [`LedError`]
    pub fn set(&mut self, is_lit: bool) -> Result<(), LedError> {
        let brightness = if is_lit { self.brightest } else { 0 };
        self.write("brightness", &brightness.to_string())
    }

    fn write(&self, file: &str, text: &str) -> Result<(), LedError> {
        let path = self.folder.join(file);
        fs::write(&path, text).map_err(|source| LedError::Io { path, source })
    }

    fn read(&self, file: &str) -> Result<String, LedError> {
        let path = self.folder.join(file);
        fs::read_to_string(&path).map_err(|source| LedError::Io { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_light_is_taken_from_its_trigger_and_dark() {
        let root = tempfile::tempdir().unwrap();
        let led = root.path().join("status");
        fs::create_dir(&led).unwrap();
        for (file, text) in
            [("trigger", "heartbeat"), ("brightness", "255"), ("max_brightness", "255\n")]
        {
            fs::write(led.join(file), text).unwrap();
        }
        let read = |file| fs::read_to_string(led.join(file)).unwrap();
        let mut light = KernelLed::open(root.path(), "status").unwrap();
        assert_eq!((read("trigger"), read("brightness")), ("none".to_owned(), "0".to_owned()));
        light.set(true).unwrap();
        assert_eq!(read("brightness"), "255");
        light.set(false).unwrap();
        assert_eq!(read("brightness"), "0");
        let missing = KernelLed::open(root.path(), "other").unwrap_err();
        assert!(missing.to_string().contains("other"));
    }
}
