// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ends of devices with two queues. STREAMOFF and close wait in the kernel for the picture that is
//! under way, for ever where the hardware never answers, and no signal reaches who waits there.
//! Kernel: v4l2_m2m_cancel_job.

use std::path::Path;
use std::time::Duration;

use ending::{Endings, Hung};

use crate::{Device, StartError};

/// By device number.
pub(crate) static ENDINGS: Endings<u64> = Endings::new();

/// What the end of a scaler that works stays below. The thread that has the camera waits for it.
pub const SCALER_PATIENCE: Duration = Duration::from_millis(20);
/// What the end of an encoder that works stays below by far.
pub const ENCODER_PATIENCE: Duration = Duration::from_secs(1);

impl Device {
    /// Opens a device with two queues, waiting at most `patience` for the end of its last use:
    /// some have one stream only.
    ///
    /// # Errors
    /// [`StartError::Hung`] while that end hangs; it is not opened then, so that it costs no more
    /// threads than used it when it began to hang. Else those of [`Device::open`].
    pub fn open_m2m(path: &Path, patience: Duration) -> Result<Self, StartError> {
        wait(path, patience).map_err(StartError::Hung)?;
        Ok(Self::open(path)?)
    }
}

/// Whether nothing hangs in the end of the device at `path`.
pub fn has_ended(path: &Path) -> bool {
    wait(path, Duration::ZERO).is_ok()
}

fn wait(path: &Path, patience: Duration) -> Result<(), Hung> {
    // Without a node there is nothing to open either.
    let Ok(status) = rustix::fs::stat(path) else { return Ok(()) };
    ENDINGS.wait(&status.st_rdev, patience)
}
