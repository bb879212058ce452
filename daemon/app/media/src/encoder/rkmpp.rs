// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rockchip's encoder as a back end. Pictures in a camera's memory are imported; others, and those
//! that it cannot read there, are copied.

use std::path::Path;

use frame::{Chroma, EncodedFrame, RawFrame};
use rkmpp::{Codec, Encoder, EncoderConfig, Error, Layout, Library, LoadError, Packet};

use super::paint::{self, Input};
use super::route::{Import, Route};
use super::{AccessUnits, Coding, EncodeError, EncoderSettings, Profile, VideoEncoder};

/// Why Rockchip's encoder stopped.
#[derive(Debug, thiserror::Error)]
pub enum RkmppError {
    /// Its library is not on this machine.
    #[error("the encoder's library")]
    Library(#[from] LoadError),
    /// It failed.
    #[error("encoder stopped")]
    Encoder(#[from] Error),
}

/// One stream of the encoder, one picture at a time. It begins with the first picture, which tells
/// how pictures lie in memory.
#[derive(Debug)]
pub struct Rkmpp {
    library: Library,
    settings: EncoderSettings,
    units: AccessUnits,
    session: Option<Session>,
    /// It cannot read the camera's memory. That was said.
    import: Import,
    copied_bytes: u64,
}

#[derive(Debug)]
struct Session {
    encoder: Encoder,
    route: Route,
    /// How it wants pictures.
    layout: Layout,
    /// No picture has come back yet.
    is_new: bool,
}

impl Rkmpp {
    /// An encoder by the library at `path`, or where it usually is.
    ///
    /// # Errors
    /// [`EncodeError::Unsupported`] for odd sizes, [`RkmppError::Library`]. What the hardware says
    /// is told with the first picture.
    pub fn new(path: Option<&Path>, settings: &EncoderSettings) -> Result<Self, EncodeError> {
        settings.check()?;
        let library = Library::load(path.map(Path::as_os_str)).map_err(RkmppError::Library)?;
        Ok(Self {
            library,
            settings: *settings,
            units: AccessUnits::new(settings.size),
            session: None,
            import: Import::Possible,
            copied_bytes: 0,
        })
    }

    /// Its library is where it usually is.
    pub(super) fn is_installed() -> bool {
        Library::load(None).is_ok()
    }

    fn run(&mut self, frame: &RawFrame, kind: Coding) -> Result<Option<EncodedFrame>, EncodeError> {
        let route = Route::of(frame, self.import);
        if self.session.as_ref().is_none_or(|session| session.route != route) {
            // Some encoders have one stream only: the old one ends first.
            self.session = None;
            self.session = Some(self.start(route, frame)?);
        }
        let session = self.session.as_mut().expect("made above");
        if kind == Coding::Idr && !session.is_new {
            session.encoder.force_idr().map_err(RkmppError::Encoder)?;
        }
        let packet = session.submit(frame).map_err(RkmppError::Encoder)?;
        let coded = self.units.package(&packet, frame.pts)?;
        if let Some(coded) = &coded
            && coded.is_idr != packet.is_intra()
        {
            // Releases may count intra pictures that are no IDRs; what stands in the stream counts.
            tracing::debug!(is_idr = coded.is_idr, "the library tells otherwise");
        }
        drop(packet);
        session.is_new = false;
        if !route.is_imported() {
            let len = u64::try_from(frame.picture.size().i420_len()).unwrap_or(u64::MAX);
            self.copied_bytes += len;
        }
        Ok(coded)
    }

    fn start(&mut self, route: Route, frame: &RawFrame) -> Result<Session, EncodeError> {
        let EncoderSettings { size, fps, profile, level, bitrate_bps, .. } = self.settings;
        let (width, height) = (u32::from(size.width), u32::from(size.height));
        let layout = match route {
            Route::Imported(layout) => Layout {
                chroma: layout.chroma,
                stride: u32::try_from(layout.stride).unwrap_or(u32::MAX),
                lines: u32::try_from(layout.lines).unwrap_or(u32::MAX),
            },
            Route::Copied(layout) => Layout::packed(layout.chroma, width, height),
            // The order that every one of these encoders reads.
            Route::Planar => Layout::packed(Chroma::Pairs, width, height),
        };
        let profile_idc = match profile {
            Profile::Baseline => 66,
            Profile::Main => 77,
            Profile::High => 100,
        };
        let config = EncoderConfig {
            width,
            height,
            layout,
            colour: route.colour(),
            codec: Codec::H264 { profile_idc, level_idc: level.idc(), fps, bitrate_bps },
        };
        let encoder = Encoder::new(self.library, &config).map_err(|error| match error {
            Error::Unsupported { .. } => EncodeError::Unsupported(size),
            error => RkmppError::Encoder(error).into(),
        })?;
        // The first IDR may come without them.
        self.units.package(encoder.parameter_sets(), frame.pts)?;
        tracing::info!(?size, is_copied = !route.is_imported(), "Rockchip's encoder started");
        Ok(Session { encoder, route, layout, is_new: true })
    }

    /// Whether `error` came of a picture that stayed in the camera's memory: of its import, or of
    /// the first one that the hardware should read there.
    fn is_of_import(&self, route: Route, error: &EncodeError) -> bool {
        let EncodeError::Rkmpp(RkmppError::Encoder(error)) = error else { return false };
        let is_first = self.session.as_ref().is_some_and(|session| session.is_new);
        route.is_imported()
            && match error {
                Error::Import { .. } | Error::Layout { .. } | Error::Length { .. } => true,
                Error::Failed { .. } | Error::Stalled => is_first,
                _ => false,
            }
    }
}

impl VideoEncoder for Rkmpp {
    fn encode(
        &mut self,
        frame: &RawFrame,
        kind: Coding,
    ) -> Result<Option<EncodedFrame>, EncodeError> {
        self.settings.check_picture(frame)?;
        let route = Route::of(frame, self.import);
        match self.run(frame, kind) {
            Err(error) if self.is_of_import(route, &error) => {
                self.import.refuse("rkmpp", &error);
                self.session = None;
                self.run(frame, kind)
            }
            other => other,
        }
    }

    fn set_bitrate(&mut self, bitrate_bps: u32) -> Result<(), EncodeError> {
        if let Some(session) = &mut self.session {
            session.encoder.set_bitrate(bitrate_bps).map_err(|error| match error {
                Error::Setting { code, .. } | Error::Failed { code, .. } => {
                    EncodeError::Refused(code)
                }
                error => RkmppError::Encoder(error).into(),
            })?;
        }
        self.settings.bitrate_bps = bitrate_bps;
        Ok(())
    }

    fn take_copied_bytes(&mut self) -> u64 {
        std::mem::take(&mut self.copied_bytes)
    }
}

impl Session {
    fn submit(&mut self, frame: &RawFrame) -> Result<Packet<'_>, Error> {
        let pts_us = i64::try_from(frame.pts.ticks_90k() / 9 * 100).unwrap_or(i64::MAX);
        let (picture, input) = (&frame.picture, input(self.layout));
        match (self.route, picture.device()) {
            (Route::Imported(layout), Some(device)) => {
                let dma_buf = device.dma_buf().ok_or(Error::Import { code: 0 })?;
                self.encoder.encode_import(pts_us, dma_buf, layout.buffer_len)
            }
            (Route::Copied(layout), Some(device)) => self.encoder.encode_copy(pts_us, |to| {
                paint::rows(device.bytes(), layout, picture.size(), input, to);
            }),
            _ => self.encoder.encode_copy(pts_us, |to| paint::planes(picture, input, to)),
        }
    }
}

fn input(layout: Layout) -> Input {
    let number = |count: u32| usize::try_from(count).unwrap_or(0);
    Input { chroma: layout.chroma, stride: number(layout.stride), lines: number(layout.lines) }
}
