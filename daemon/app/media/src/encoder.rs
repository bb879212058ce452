// SPDX-License-Identifier: MIT OR Apache-2.0
//! H.264 encoders behind one trait, and what they are asked for.

mod annexb;
mod choice;
mod m2m;
mod openh264;
mod paint;
#[cfg(feature = "rkmpp")]
mod rkmpp;
mod route;
mod speed;
mod trial;

use std::num::NonZeroU8;
use std::time::Duration;

use frame::{EncodedFrame, RawFrame, Size};

pub use annexb::{AccessUnits, MAX_ACCESS_UNIT_BYTES, PackageError};
pub use choice::{EncoderChoice, EncoderFound, EncoderKind, UnknownEncoder};
pub use m2m::{M2m, M2mError};
pub use openh264::Openh264;
#[cfg(feature = "rkmpp")]
pub use rkmpp::{Rkmpp, RkmppError};
pub use speed::software_speed;
pub use trial::{TrialError, try_encoder};

/// Turns pictures into access units. Every back end passes the same test suite.
pub trait VideoEncoder: Send {
    /// Encodes `frame`, as an IDR when asked. `None` when the encoder keeps the picture for later
    /// or dropped it.
    ///
    /// # Errors
    /// [`EncodeError`]; the encoder is of no more use then.
    fn encode(
        &mut self,
        frame: &RawFrame,
        kind: Coding,
    ) -> Result<Option<EncodedFrame>, EncodeError>;

    /// Aims at `bitrate_bps` from the next picture on, without an IDR.
    ///
    /// # Errors
    /// [`EncodeError::Refused`] when the back end cannot.
    fn set_bitrate(&mut self, bitrate_bps: u32) -> Result<(), EncodeError>;

    /// Bytes of pictures that the processor copied for the encoder since the last call, besides
    /// what the encoder itself reads.
    fn take_copied_bytes(&mut self) -> u64 {
        0
    }
}

/// How the next picture is to be coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// As the encoder likes.
    Auto,
    /// As an IDR: decoding can begin here.
    Idr,
}

/// H.264 profile. Spec: ITU-T H.264 §A.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Constrained Baseline, 66.
    Baseline,
    /// 77
    Main,
    /// 100
    High,
}

/// H.264 level. Spec: ITU-T H.264 §A.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// 3.1: up to 720p30.
    L3_1,
    /// 3.2
    L3_2,
    /// 4.0: up to 1080p30.
    L4_0,
}

impl Level {
    /// `level_idc`
    pub(crate) fn idc(self) -> u8 {
        match self {
            Self::L3_1 => 31,
            Self::L3_2 => 32,
            Self::L4_0 => 40,
        }
    }
}

/// What an encoder is to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncoderSettings {
    /// Size of the pictures it will get.
    pub size: Size,
    /// Pictures a second, for the rate control.
    pub fps: u32,
    /// The profile.
    pub profile: Profile,
    /// The level written to the parameter sets; an encoder may raise it to what `size` needs.
    pub level: Level,
    /// Bits a second to aim at.
    pub bitrate_bps: u32,
    /// Threads of the software encoder, which share each picture; other encoders have their own.
    pub threads: NonZeroU8,
}

impl EncoderSettings {
    /// Whether a hardware encoder may be asked for this: even sides of 16 pixels at least.
    fn check(&self) -> Result<(), EncodeError> {
        let is_side = |side: u16| side >= 16 && side.is_multiple_of(2);
        if is_side(self.size.width) && is_side(self.size.height) {
            Ok(())
        } else {
            Err(EncodeError::Unsupported(self.size))
        }
    }

    /// Whether `frame` is of the size that was asked for.
    fn check_picture(&self, frame: &RawFrame) -> Result<(), EncodeError> {
        let (got, expected) = (frame.picture.size(), self.size);
        if got == expected { Ok(()) } else { Err(EncodeError::Size { got, expected }) }
    }
}

/// Why an encoder stopped.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The library said no.
    #[error("encoder library")]
    Openh264(#[source] openh264enc::Error),
    /// The SoC's encoder said no.
    #[error("hardware encoder")]
    M2m(#[from] M2mError),
    /// Rockchip's encoder said no, or its library is not there.
    #[cfg(feature = "rkmpp")]
    #[error("Rockchip's encoder")]
    Rkmpp(#[from] RkmppError),
    /// The encoder made bytes that are no access unit.
    #[error("unusable output")]
    Output(#[from] PackageError),
    /// The setting cannot be had.
    #[error("setting refused by the encoder with code {0}")]
    Refused(i32),
    /// The encoder cannot make pictures of this size.
    #[error("cannot encode pictures of {0:?}")]
    Unsupported(Size),
    /// A picture is not of the size the encoder was made for.
    #[error("picture is {got:?}, the encoder is set to {expected:?}")]
    Size {
        /// The picture's.
        got: Size,
        /// The encoder's.
        expected: Size,
    },
}

/// Places IDRs by time, so that no fragment is longer than the selected length whatever the
/// source's rate.
#[derive(Debug, Clone, Copy)]
pub struct IdrCadence {
    interval: Duration,
    frame_time: Duration,
    gop_start: Option<frame::Pts>,
}

impl IdrCadence {
    /// An IDR at least every `interval` of pictures that last `frame_time`.
    pub const fn new(interval: Duration, frame_time: Duration) -> Self {
        Self { interval, frame_time, gop_start: None }
    }

    /// The same where pictures last `frame_time` from now on.
    pub fn set_frame_time(&mut self, frame_time: Duration) {
        self.frame_time = frame_time;
    }

    /// How to code the picture of `pts`: as an IDR when its end would stand outside the interval.
    pub fn next(&self, pts: frame::Pts) -> Coding {
        match self.gop_start {
            Some(start) if (pts - start) + self.frame_time <= self.interval + TOLERANCE => {
                Coding::Auto
            }
            _ => Coding::Idr,
        }
    }

    /// Tells that the picture of `pts` became an IDR.
    pub fn started(&mut self, pts: frame::Pts) {
        self.gop_start = Some(pts);
    }
}

/// For time stamps rounded to ticks.
const TOLERANCE: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use frame::Pts;

    use super::*;

    #[test]
    fn idrs_stand_at_the_fragment_length_and_never_after() {
        // fps, interval in ms, pictures between IDRs
        let table =
            [(30, 4000, 120), (15, 4000, 60), (24, 4000, 96), (25, 4000, 100), (7, 4000, 28)];
        for (fps, interval, expected) in table {
            let frame_time = Duration::from_secs(1) / fps;
            let mut cadence = IdrCadence::new(Duration::from_millis(interval), frame_time);
            let idrs: Vec<u64> = (0..1000)
                .filter(|n| {
                    let pts = Pts::from_ticks_90k(123 + n * 90_000 / u64::from(fps));
                    let is_idr = cadence.next(pts) == Coding::Idr;
                    if is_idr {
                        cadence.started(pts);
                    }
                    is_idr
                })
                .collect();
            let gaps: Vec<u64> = idrs.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(gaps.len() > 5 && gaps.iter().all(|&gap| gap == expected), "{fps}: {gaps:?}");
        }
    }

    #[test]
    fn a_gap_in_the_source_ends_the_gop() {
        let frame_time = Duration::from_millis(33);
        let mut cadence = IdrCadence::new(Duration::from_secs(4), frame_time);
        assert_eq!(cadence.next(Pts::from_millis(0)), Coding::Idr);
        cadence.started(Pts::from_millis(0));
        assert_eq!(cadence.next(Pts::from_millis(3_900)), Coding::Auto);
        assert_eq!(cadence.next(Pts::from_millis(9_000)), Coding::Idr);
    }
}
