// SPDX-License-Identifier: MIT OR Apache-2.0
//! The IR lamp: on a line, or dimmed by a PWM of the kernel's `/sys/class/pwm`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::line::{LineError, Output};

/// Where the kernel shows PWM chips.
pub const PWM: &str = "/sys/class/pwm";

/// So long the kernel may take to show a channel that was exported.
const EXPORT_WITHIN: Duration = Duration::from_secs(1);

/// Why the lamp does not do as told.
#[derive(Debug, thiserror::Error)]
pub enum LampError {
    /// Its line.
    #[error(transparent)]
    Line(#[from] LineError),
    /// No chip, or more than one, belongs to the device.
    #[error("{count} PWM chips belong to {device}")]
    Chip {
        /// The device's name, such as `fe6f0010.pwm`.
        device: String,
        /// How many.
        count: usize,
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

/// The folder of the chip whose device is called `device`, below `pwm` (see [`PWM`]).
///
/// # Errors
/// [`LampError`]
pub fn pwm_chip(pwm: &Path, device: &str) -> Result<PathBuf, LampError> {
    let chips = fs::read_dir(pwm).map_err(|source| io(pwm, source))?.flatten();
    let belongs = |chip: &PathBuf| {
        fs::canonicalize(chip.join("device"))
            .is_ok_and(|path| path.file_name().is_some_and(|name| name == device))
    };
    let mut chips: Vec<_> = chips.map(|entry| entry.path()).filter(belongs).collect();
    let (count, chip) = (chips.len(), chips.pop());
    chip.filter(|_| count == 1).ok_or_else(|| LampError::Chip { device: device.to_owned(), count })
}

/// A channel of a PWM chip.
#[derive(Debug)]
pub struct Pwm {
    folder: PathBuf,
    lit_ns: u64,
}

impl Pwm {
    /// Takes `channel` of the chip whose device is called `device`, below `pwm` (see [`PWM`]),
    /// dark. Lit, it is on for `percent` of each `period`. Chips are numbered as they appear, so
    /// the device's name must do.
    ///
    /// # Errors
    /// [`LampError`]
    pub fn open(
        pwm: &Path,
        device: &str,
        channel: u32,
        period: Duration,
        percent: u8,
    ) -> Result<Self, LampError> {
        let chip = pwm_chip(pwm, device)?;
        let folder = chip.join(format!("pwm{channel}"));
        if !folder.is_dir() {
            write(&chip.join("export"), channel.into())?;
        }
        // It appears a moment later, and is ours when udev has said so
        let end = Instant::now() + EXPORT_WITHIN;
        while !is_writable(&folder.join("enable")) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
        }
        let period_ns = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX);
        let mut lamp = Self { folder, lit_ns: period_ns / 100 * u64::from(percent.min(100)) };
        // Older kernels refuse a fresh channel everything before it has a period; all refuse a
        // period that is shorter than what is left of the last one's duty
        let (period, polarity) = (lamp.folder.join("period"), lamp.folder.join("polarity"));
        if read(&period)? != "0" {
            lamp.set(false)?;
        }
        write(&period, period_ns)?;
        lamp.set(false)?;
        if read(&polarity)? != "normal" {
            fs::write(&polarity, "normal").map_err(|source| io(&polarity, source))?;
        }
        Ok(lamp)
    }

    fn set(&mut self, is_lit: bool) -> Result<(), LampError> {
        let (duty, enable) = (self.folder.join("duty_cycle"), self.folder.join("enable"));
        write(&duty, if is_lit { self.lit_ns } else { 0 })?;
        write(&enable, is_lit.into())
    }
}

fn is_writable(path: &Path) -> bool {
    fs::OpenOptions::new().write(true).open(path).is_ok()
}

fn read(path: &Path) -> Result<String, LampError> {
    let text = fs::read_to_string(path).map_err(|source| io(path, source))?;
    Ok(text.trim_end().to_owned())
}

fn write(path: &Path, number: u64) -> Result<(), LampError> {
    fs::write(path, number.to_string()).map_err(|source| io(path, source))
}

fn io(path: &Path, source: std::io::Error) -> LampError {
    LampError::Io { path: path.to_owned(), source }
}

/// The IR lamp. Dropping it darkens it.
#[derive(Debug)]
pub enum IrLamp {
    /// On or off.
    Line(Output),
    /// Dimmed.
    Pwm(Pwm),
}

impl IrLamp {
    /// Lights or darkens it.
    ///
    /// # Errors
    /// [`LampError`]
    pub fn set(&mut self, is_lit: bool) -> Result<(), LampError> {
        match self {
            Self::Line(line) => Ok(line.set(is_lit)?),
            Self::Pwm(pwm) => pwm.set(is_lit),
        }
    }
}

impl Drop for IrLamp {
    fn drop(&mut self) {
        if let Err(error) = self.set(false) {
            tracing::warn!(error = &error as &dyn std::error::Error, "IR lamp");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pwm_is_found_by_its_device_and_starts_dark() {
        let root = tempfile::tempdir().unwrap();
        let (classes, devices) = (root.path().join("pwm"), root.path().join("devices"));
        for (number, device) in ["fe6e0010.pwm", "fe6f0010.pwm"].iter().enumerate() {
            let chip = classes.join(format!("pwmchip{number}"));
            fs::create_dir_all(chip.join("pwm0")).unwrap();
            fs::create_dir_all(devices.join(device)).unwrap();
            std::os::unix::fs::symlink(devices.join(device), chip.join("device")).unwrap();
            for (file, left) in
                [("period", "7"), ("duty_cycle", "7"), ("enable", "1"), ("polarity", "inversed")]
            {
                fs::write(chip.join("pwm0").join(file), format!("{left}\n")).unwrap();
            }
        }
        let read =
            |file: &str| fs::read_to_string(classes.join("pwmchip1/pwm0").join(file)).unwrap();
        let period = Duration::from_micros(50);
        let pwm = Pwm::open(&classes, "fe6f0010.pwm", 0, period, 80).unwrap();
        assert_eq!(
            (read("period"), read("duty_cycle"), read("enable"), read("polarity")),
            ("50000".into(), "0".into(), "0".into(), "normal".into())
        );
        let mut lamp = IrLamp::Pwm(pwm);
        lamp.set(true).unwrap();
        assert_eq!((read("duty_cycle"), read("enable")), ("40000".into(), "1".into()));
        drop(lamp);
        assert_eq!((read("duty_cycle"), read("enable")), ("0".into(), "0".into()));
        let untouched = fs::read_to_string(classes.join("pwmchip0/pwm0/enable")).unwrap();
        assert_eq!(untouched, "1\n");
        assert!(Pwm::open(&classes, "other", 0, period, 80).is_err());
    }
}
