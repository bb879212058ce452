// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a device is and which queues it has. Kernel: media/v4l/vidioc-querycap, media/v4l/buffer.

use v4l::v4l_sys as sys;

/// Which way buffers go, seen from the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the device.
    Capture,
    /// To the device.
    Output,
}

/// How the kernel's calls describe a picture. Either way ours lie in one piece of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planes {
    /// The single-planar calls.
    Single,
    /// The multi-planar ones.
    Multi,
}

/// A queue of buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// Which way.
    pub direction: Direction,
    /// By which calls.
    pub planes: Planes,
}

impl Queue {
    /// From the device.
    pub const fn capture(planes: Planes) -> Self {
        Self { direction: Direction::Capture, planes }
    }

    /// To the device.
    pub const fn output(planes: Planes) -> Self {
        Self { direction: Direction::Output, planes }
    }

    pub(crate) fn is_multi(self) -> bool {
        self.planes == Planes::Multi
    }

    pub(crate) fn raw(self) -> u32 {
        match (self.direction, self.planes) {
            (Direction::Capture, Planes::Single) => sys::v4l2_buf_type_V4L2_BUF_TYPE_VIDEO_CAPTURE,
            (Direction::Capture, Planes::Multi) => {
                sys::v4l2_buf_type_V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
            }
            (Direction::Output, Planes::Single) => sys::v4l2_buf_type_V4L2_BUF_TYPE_VIDEO_OUTPUT,
            (Direction::Output, Planes::Multi) => {
                sys::v4l2_buf_type_V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE
            }
        }
    }
}

/// What a device says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// The driver's name.
    pub driver: String,
    /// The device's name, for people.
    pub card: String,
    /// Where it is, such as `platform:fe801000.csi`; the same after a restart.
    pub bus: String,
    /// It captures pictures and streams them.
    pub capture: Option<Planes>,
    /// It turns pictures into others or codes them.
    pub m2m: Option<Planes>,
}

impl Capabilities {
    pub(crate) fn from_raw(raw: &sys::v4l2_capability) -> Self {
        let has_own = raw.capabilities & sys::V4L2_CAP_DEVICE_CAPS != 0;
        let caps = if has_own { raw.device_caps } else { raw.capabilities };
        let planes = |single: u32, multi: u32| match caps {
            _ if caps & sys::V4L2_CAP_STREAMING == 0 => None,
            _ if caps & multi != 0 => Some(Planes::Multi),
            _ if caps & single != 0 => Some(Planes::Single),
            _ => None,
        };
        Self {
            driver: text(&raw.driver),
            card: text(&raw.card),
            bus: text(&raw.bus_info),
            capture: planes(sys::V4L2_CAP_VIDEO_CAPTURE, sys::V4L2_CAP_VIDEO_CAPTURE_MPLANE),
            m2m: planes(sys::V4L2_CAP_VIDEO_M2M, sys::V4L2_CAP_VIDEO_M2M_MPLANE),
        }
    }
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::Plain;

    #[test]
    fn what_a_device_is_is_read_from_its_own_flags() {
        let (single, multi) = (sys::V4L2_CAP_VIDEO_CAPTURE, sys::V4L2_CAP_VIDEO_CAPTURE_MPLANE);
        let m2m = sys::V4L2_CAP_VIDEO_M2M_MPLANE;
        let streams = sys::V4L2_CAP_STREAMING;
        // own flags, capture, m2m
        let table = [
            (single | streams, Some(Planes::Single), None),
            (multi | streams, Some(Planes::Multi), None),
            (m2m | streams, None, Some(Planes::Multi)),
            (single, None, None),
            (0, None, None),
        ];
        for (device_caps, capture, m2m) in table {
            let raw =
                sys::v4l2_capability { capabilities: u32::MAX, device_caps, ..Plain::zeroed() };
            let capabilities = Capabilities::from_raw(&raw);
            assert_eq!((capabilities.capture, capabilities.m2m), (capture, m2m), "{device_caps:x}");
        }
    }

    #[test]
    fn a_name_ends_at_its_zero_or_with_its_field() {
        assert_eq!(text(b"bcm2835-codec\0\0\0"), "bcm2835-codec");
        assert_eq!(text(b"0123456789abcdef"), "0123456789abcdef");
    }
}
