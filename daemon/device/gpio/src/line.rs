// SPDX-License-Identifier: MIT OR Apache-2.0
//! GPIO lines by name, over the character device.

use std::path::PathBuf;

use gpio_cdev::{Chip, EventRequestFlags, Line, LineDirection, LineRequestFlags};
use linux_embedded_hal::CdevPin;

use crate::pin::{ActivePin, Level};

/// What the kernel shows as the user of our lines.
const CONSUMER: &str = "hsvd";

/// Why a line cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// No chip has a line of this name.
    #[error("no GPIO line is named {name}")]
    Missing {
        /// The name.
        name: String,
    },
    /// Several have, so that it is not certain which one is meant.
    #[error("{count} GPIO lines are named {name}")]
    Ambiguous {
        /// The name.
        name: String,
        /// How many.
        count: usize,
    },
    /// A driver or another program has it.
    #[error("GPIO line {name} is in use by {by}")]
    Busy {
        /// The name.
        name: String,
        /// Who.
        by: String,
    },
    /// The kernel refuses.
    #[error("GPIO line {name}")]
    Os {
        /// The name.
        name: String,
        /// Why.
        #[source]
        source: gpio_cdev::Error,
    },
    /// It is no longer there, or does not take or give a value.
    #[error("GPIO line {name}: {reason}")]
    Lost {
        /// The name.
        name: String,
        /// Why.
        reason: String,
    },
}

/// The chips of this machine, by path; those that cannot be opened are left out and logged.
fn chips() -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir("/dev") else { return Vec::new() };
    let is_chip = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.and_then(|name| name.strip_prefix("gpiochip"))
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(is_chip).collect();
    paths.sort();
    // Two nodes of one chip, as old kernels make by a symbolic link, would make each line twice.
    paths.retain(|path| !path.is_symlink());
    paths
}

/// Every line called `name`.
fn lines_named(name: &str) -> Vec<Line> {
    let mut found = Vec::new();
    for path in chips() {
        match Chip::new(&path) {
            Ok(chip) => found.extend(
                chip.lines().filter(|line| line.info().is_ok_and(|info| info.name() == Some(name))),
            ),
            Err(error) => tracing::debug!(?path, %error, "GPIO chip cannot be opened"),
        }
    }
    found
}

/// The one line called `name`.
///
/// # Errors
/// There is none, or more than one.
pub fn find(name: &str) -> Result<Line, LineError> {
    let mut lines = lines_named(name);
    match (lines.len(), lines.pop()) {
        (1, Some(line)) => Ok(line),
        (0, _) => Err(LineError::Missing { name: name.to_owned() }),
        (count, _) => Err(LineError::Ambiguous { name: name.to_owned(), count }),
    }
}

/// Where the line called `name` is, and who has it: for a person to read.
///
/// # Errors
/// As [`find`], and that the kernel does not tell.
pub fn found(name: &str) -> Result<String, LineError> {
    let line = find(name)?;
    let info = line.info().map_err(|source| LineError::Os { name: name.to_owned(), source })?;
    let direction = match info.direction() {
        LineDirection::In => "in",
        LineDirection::Out => "out",
    };
    let chip = line.chip();
    let user = match info.consumer() {
        Some(user) if !user.is_empty() => format!(", in use by {user}"),
        _ => String::new(),
    };
    Ok(format!("{} line {}, {direction}{user}", chip.name(), line.offset()))
}

fn refused(name: &str, line: &Line, source: gpio_cdev::Error) -> LineError {
    let user = line.info().ok().and_then(|info| {
        info.is_used().then(|| info.consumer().unwrap_or("the kernel").to_owned())
    });
    match user {
        Some(by) => LineError::Busy { name: name.to_owned(), by },
        None => LineError::Os { name: name.to_owned(), source },
    }
}

/// An output line: inactive from the moment it is ours until it is told otherwise.
pub struct Output {
    name: String,
    pin: ActivePin<CdevPin>,
}

impl std::fmt::Debug for Output {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Output").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Output {
    /// Takes the line called `name` and drives it inactive.
    ///
    /// # Errors
    /// [`LineError`]
    pub fn open(name: &str, active: Level) -> Result<Self, LineError> {
        let line = find(name)?;
        let inactive = u8::from(active == Level::Low);
        let handle = line
            .request(LineRequestFlags::OUTPUT, inactive, CONSUMER)
            .map_err(|source| refused(name, &line, source))?;
        let os = |source| LineError::Os { name: name.to_owned(), source };
        let pin = CdevPin::new(handle).map_err(os)?;
        Ok(Self { name: name.to_owned(), pin: ActivePin::new(pin, active) })
    }

    /// The pin, for a driver that wants one.
    pub fn into_pin(self) -> ActivePin<CdevPin> {
        self.pin
    }

    /// Drives it.
    ///
    /// # Errors
    /// The chip is gone.
    pub fn set(&mut self, is_active: bool) -> Result<(), LineError> {
        self.pin
            .set(is_active)
            .map_err(|error| LineError::Lost { name: self.name.clone(), reason: error.to_string() })
    }
}

/// An input line whose edges the kernel keeps with the time at which they were.
#[derive(Debug)]
pub struct Input {
    name: String,
    active: Level,
    pub(crate) handle: gpio_cdev::LineEventHandle,
}

impl Input {
    /// Takes the line called `name`.
    ///
    /// # Errors
    /// [`LineError`]
    pub fn open(name: &str, active: Level) -> Result<Self, LineError> {
        let line = find(name)?;
        let handle = line
            .events(LineRequestFlags::INPUT, EventRequestFlags::BOTH_EDGES, CONSUMER)
            .map_err(|source| refused(name, &line, source))?;
        Ok(Self { name: name.to_owned(), active, handle })
    }

    /// The line's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads it.
    ///
    /// # Errors
    /// The chip is gone.
    pub fn is_active(&self) -> Result<bool, LineError> {
        let os = |source| LineError::Os { name: self.name.clone(), source };
        let is_high = self.handle.get_value().map_err(os)? != 0;
        Ok(self.means_active(is_high))
    }

    pub(crate) fn means_active(&self, is_high: bool) -> bool {
        is_high == (self.active == Level::High)
    }
}
