// SPDX-License-Identifier: MIT OR Apache-2.0
//! A SoC's encoder as a back end. Pictures in a camera's memory are lent to it; others, and those
//! that it cannot read there, are copied.

use std::time::{Duration, Instant};

use frame::{Chroma, EncodedFrame, RawFrame, Size};
use v4l2::{
    Device, Encoder, EncoderNode, EncoderWish, Feed, Format, FourCc, InputLayout, Matrix, Range,
    RunError, StartError, Step, SubmitError,
};

use super::paint::{self, Input};
use super::route::{Import, Route};
use super::{AccessUnits, Coding, EncodeError, EncoderSettings, Profile, VideoEncoder};
use crate::clock::STALLED;

/// Why a SoC's encoder stopped.
#[derive(Debug, thiserror::Error)]
pub enum M2mError {
    /// The machine has none, or none of the wished name.
    #[error("no such encoder")]
    Absent,
    /// It cannot be set up.
    #[error("encoder cannot be set up")]
    Start(#[from] StartError),
    /// It does not take a picture.
    #[error("picture not taken")]
    Submit(#[from] SubmitError),
    /// It failed.
    #[error("encoder stopped")]
    Encoder(#[from] RunError),
    /// It failed, and hangs in its end.
    #[error("encoder hangs in the kernel and is not opened again before that lets go")]
    Hung,
    /// A picture took longer than two seconds.
    #[error("encoder does not answer")]
    Stalled,
    /// It damaged thirty pictures in a row, or wanted to begin anew at each.
    #[error("encoder makes nothing but damaged pictures")]
    Damaged,
}

/// One stream of the encoder, one picture at a time. The device opens with the first picture,
/// which tells how pictures lie in memory.
#[derive(Debug)]
pub struct M2m {
    node: EncoderNode,
    settings: EncoderSettings,
    units: AccessUnits,
    session: Option<Session>,
    /// Whether it can read the camera's memory.
    import: Import,
    /// A picture was lost, so that others may not be decodable.
    owes_idr: bool,
    /// Pictures in a row.
    damaged: u32,
    copied_bytes: u64,
}

#[derive(Debug)]
struct Session {
    encoder: Encoder<RawFrame>,
    route: Route,
    /// The first picture of a stream is an IDR by itself.
    is_new: bool,
}

impl M2m {
    /// An encoder on `node`.
    ///
    /// # Errors
    /// [`EncodeError::Unsupported`] for odd sizes. What the device says is told with the first
    /// picture.
    pub fn new(node: EncoderNode, settings: &EncoderSettings) -> Result<Self, EncodeError> {
        settings.check()?;
        tracing::debug!(?node, "hardware encoder chosen");
        Ok(Self {
            node,
            settings: *settings,
            units: AccessUnits::new(settings.size),
            session: None,
            import: Import::Possible,
            owes_idr: false,
            damaged: 0,
            copied_bytes: 0,
        })
    }

    /// A running session for pictures like `frame`.
    fn prepare(&mut self, frame: &RawFrame) -> Result<&mut Session, EncodeError> {
        let route = Route::of(frame, self.import);
        if self.session.as_ref().is_none_or(|session| session.route != route) {
            // Some encoders have one stream only: the old one ends first.
            self.session = None;
            self.session = Some(
                match self.start(route) {
                    Err(M2mError::Start(reason))
                        if route.is_imported() && may_come_of_import(&reason) =>
                    {
                        self.refuse_import(&reason);
                        self.start(Route::of(frame, self.import))
                    }
                    other => other,
                }
                .map_err(|error| unsupported(error, self.settings.size))?,
            );
        }
        Ok(self.session.as_mut().expect("made above"))
    }

    fn start(&self, route: Route) -> Result<Session, M2mError> {
        let device = Device::open_m2m(&self.node.path, v4l2::ENCODER_PATIENCE)?;
        let EncoderSettings { size, fps, profile, level, bitrate_bps, .. } = self.settings;
        let (matrix, range) = colour(route);
        let wish = EncoderWish {
            width: size.width.into(),
            height: size.height.into(),
            fps,
            feed: feed(route),
            matrix,
            range,
            codec: v4l2::Codec::H264 {
                profile: match profile {
                    Profile::Baseline => v4l2::Profile::ConstrainedBaseline,
                    Profile::Main => v4l2::Profile::Main,
                    Profile::High => v4l2::Profile::High,
                },
                level_idc: level.idc(),
            },
            bitrate_bps,
        };
        let encoder = Encoder::start(device, &wish)?;
        let (card, is_copied) = (&self.node.capabilities.card, !route.is_imported());
        tracing::info!(card, ?size, is_copied, "hardware encoder started");
        Ok(Session { encoder, route, is_new: true })
    }

    /// Codes `frame`, over as many streams as that takes.
    fn code(&mut self, frame: &RawFrame, idr: bool) -> Result<Option<EncodedFrame>, EncodeError> {
        let mut tries = 0;
        while !self.submit(frame, idr)? {
            tries += 1;
            if tries > MOST_TRIES {
                return Err(M2mError::Stalled.into());
            }
        }
        let coded = self.collect(frame)?;
        if let Some(coded) = &coded {
            self.owes_idr &= !coded.is_idr;
        }
        Ok(coded)
    }

    /// Ends the stream that failed with `error`; one that hangs in its end is told as such.
    fn end(&mut self, error: EncodeError) -> EncodeError {
        let was_running = self.session.take().is_some();
        if was_running && !v4l2::has_ended(&self.node.path) {
            return M2mError::Hung.into();
        }
        error
    }

    fn refuse_import(&mut self, reason: &(dyn std::error::Error + 'static)) {
        self.import.refuse(&self.node.capabilities.bus, reason);
    }

    /// Hands `frame` to the encoder. `false` when it must be tried again, by another route.
    fn submit(&mut self, frame: &RawFrame, wants_idr: bool) -> Result<bool, EncodeError> {
        let session = self.prepare(frame)?;
        if wants_idr && !session.is_new && session.encoder.force_key_frame().is_err() {
            // Without such a control a new stream is the way to an IDR.
            self.session = None;
            return Ok(false);
        }
        let (time, picture) = (time(frame), &frame.picture);
        let taken = match (session.route, picture.device()) {
            (Route::Imported(layout), Some(device)) => {
                let dma_buf = device.dma_buf().ok_or(M2mError::Absent)?;
                let length = u32::try_from(layout.buffer_len).unwrap_or(u32::MAX);
                session.encoder.submit_import(time, dma_buf, length, frame.clone())
            }
            (Route::Copied(layout), Some(device)) => {
                let (input, size) = (input(session.encoder.input()), picture.size());
                let copy = |to: &mut [u8]| paint::rows(device.bytes(), layout, size, input, to);
                session.encoder.submit_copy(time, copy)
            }
            _ => {
                let input = input(session.encoder.input());
                session.encoder.submit_copy(time, |to| paint::planes(picture, input, to))
            }
        };
        match taken {
            Ok(()) => {
                if !session.route.is_imported() {
                    let len = u64::try_from(picture.size().i420_len()).unwrap_or(u64::MAX);
                    self.copied_bytes += len;
                }
                Ok(true)
            }
            Err(SubmitError::Import(reason)) => {
                self.session = None;
                self.refuse_import(&reason);
                Ok(false)
            }
            Err(error) => Err(M2mError::Submit(error).into()),
        }
    }

    /// Waits for the picture that was submitted last.
    fn collect(&mut self, frame: &RawFrame) -> Result<Option<EncodedFrame>, EncodeError> {
        let deadline = Instant::now() + STALLED;
        let session = self.session.as_mut().ok_or(M2mError::Absent)?;
        session.is_new = false;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match session.encoder.next(left).map_err(M2mError::Encoder)? {
                Step::Coded { bytes, timestamp, .. } => {
                    let is_ours = timestamp.is_none_or(|timestamp| timestamp == time(frame));
                    let coded = self.units.package(bytes, frame.pts)?;
                    // Parameter sets may come in a buffer of their own.
                    if is_ours && coded.is_some() {
                        self.damaged = 0;
                        return Ok(coded);
                    }
                }
                Step::Damaged => return self.count_damaged(),
                Step::SourceChanged => {
                    self.session = None;
                    return self.count_damaged();
                }
                Step::Drained => return Err(M2mError::Encoder(RunError::Failed).into()),
                Step::Nothing => return Err(M2mError::Stalled.into()),
            }
        }
    }

    /// A picture was lost. An encoder that loses nothing but pictures is told as one that fails.
    fn count_damaged(&mut self) -> Result<Option<EncodedFrame>, EncodeError> {
        self.owes_idr = true;
        self.damaged += 1;
        if self.damaged < MOST_DAMAGED { Ok(None) } else { Err(M2mError::Damaged.into()) }
    }
}

impl VideoEncoder for M2m {
    fn encode(
        &mut self,
        frame: &RawFrame,
        kind: Coding,
    ) -> Result<Option<EncodedFrame>, EncodeError> {
        self.settings.check_picture(frame)?;
        let result = self.code(frame, kind == Coding::Idr || self.owes_idr);
        result.map_err(|error| self.end(error))
    }

    fn set_bitrate(&mut self, bitrate_bps: u32) -> Result<(), EncodeError> {
        if let Some(session) = &self.session {
            let refused = |error: std::io::Error| {
                EncodeError::Refused(error.raw_os_error().unwrap_or_default())
            };
            session.encoder.set_bitrate(bitrate_bps).map_err(refused)?;
        }
        self.settings.bitrate_bps = bitrate_bps;
        Ok(())
    }

    fn take_copied_bytes(&mut self) -> u64 {
        std::mem::take(&mut self.copied_bytes)
    }
}

fn colour(route: Route) -> (Matrix, Range) {
    let colour = route.colour();
    let matrix = if colour.is_bt709 { Matrix::Bt709 } else { Matrix::Bt601 };
    (matrix, if colour.is_full_range { Range::Full } else { Range::Limited })
}

fn feed(route: Route) -> Feed {
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    match route {
        Route::Imported(layout) => Feed::Import(InputLayout {
            fourcc: fourcc(layout.chroma),
            bytes_per_line: number(layout.stride),
            lines: number(layout.lines),
            buffer_len: number(layout.buffer_len),
        }),
        Route::Copied(layout) => Feed::Copy(vec![fourcc(layout.chroma)]),
        Route::Planar => Feed::Copy(vec![FourCc::YUV420, FourCc::NV12]),
    }
}

fn input(format: Format) -> Input {
    let number = |count: u32| usize::try_from(count).unwrap_or(0);
    let is_pairs = format.fourcc == FourCc::NV12;
    Input {
        chroma: if is_pairs { Chroma::Pairs } else { Chroma::Planes },
        stride: number(format.bytes_per_line),
        lines: number(format.height),
    }
}

fn fourcc(chroma: Chroma) -> FourCc {
    match chroma {
        Chroma::Pairs => FourCc::NV12,
        Chroma::Planes => FourCc::YUV420,
    }
}

fn time(frame: &RawFrame) -> Duration {
    Duration::from_micros(frame.pts.ticks_90k() * 100 / 9)
}

/// Whether copies may do better: drivers without such a queue say so in many ways.
fn may_come_of_import(reason: &StartError) -> bool {
    match reason {
        StartError::Layout(_) | StartError::Buffers | StartError::NoFormat(_) => true,
        StartError::Device(error) => !matches!(
            error.kind(),
            std::io::ErrorKind::NotFound | std::io::ErrorKind::PermissionDenied
        ),
        _ => false,
    }
}

fn unsupported(error: M2mError, size: Size) -> EncodeError {
    match error {
        M2mError::Start(StartError::Size(..)) => EncodeError::Unsupported(size),
        error => error.into(),
    }
}

/// A second of them: a new stream may do better.
const MOST_DAMAGED: u32 = 30;
/// Another route, another stream.
const MOST_TRIES: u32 = 3;
