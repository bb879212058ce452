// SPDX-License-Identifier: MIT OR Apache-2.0
//! One encoder: pictures in, packets out.

use std::fmt;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use crate::config::bitrate;
use crate::context::Context;
use crate::memory::{Copies, Memory, Picture, Shape};
use crate::packet::RawPacket;
use crate::{Codec, EncoderConfig, Error, Library, Packet, ending};

/// The longest that the hardware may take to read a picture, and again to give out its packet.
/// Thirty pictures at 30 a second: what takes longer does not come.
pub const PICTURE_TIMEOUT: Duration = Duration::from_secs(1);

/// One encoder, one picture at a time, on the caller's thread. Dropping it takes a second at most.
pub struct Encoder {
    library: Library,
    /// Absent only while it is dropped.
    context: Option<Context>,
    config: EncoderConfig,
    parameter_sets: Vec<u8>,
    /// Why it is of no more use.
    failure: Option<Error>,
}

impl Encoder {
    /// Makes an encoder.
    ///
    /// # Errors
    /// [`Error::Unsupported`] and [`Error::Layout`] for what the caller wants;
    /// [`Error::Setting`] and [`Error::Failed`] from the library; [`Error::Hung`].
    pub fn new(library: Library, config: &EncoderConfig) -> Result<Self, Error> {
        config.check()?;
        ending::check()?;
        let timeout_ms = i64::try_from(PICTURE_TIMEOUT.as_millis()).expect("a second");
        let context = Context::new(library.calls(), config.coding(), timeout_ms)?;
        // From here on its end is looked after.
        let mut encoder = Self {
            library,
            context: Some(context),
            config: *config,
            parameter_sets: Vec::new(),
            failure: None,
        };
        let context = encoder.context();
        context.configure(&config.settings())?;
        if matches!(config.codec, Codec::H264 { .. }) {
            context.repeat_headers()?;
            encoder.parameter_sets = encoder.context().headers()?;
        }
        Ok(encoder)
    }

    /// SPS and PPS as byte stream, empty for JPEG. The first IDR may come without them, since they
    /// were given out here.
    pub fn parameter_sets(&self) -> &[u8] {
        &self.parameter_sets
    }

    /// Encodes the picture in `dma_buf`, `len` bytes of memory that lie as the configuration says.
    /// The encoder has read it when this returns, unless it is [`Error::Stalled`].
    ///
    /// # Errors
    /// [`Error::Import`], after which copies can still be encoded; [`Error::Length`], the caller's
    /// fault; else the encoder is of no more use.
    pub fn encode_import(
        &mut self,
        pts_us: i64,
        dma_buf: BorrowedFd<'_>,
        len: usize,
    ) -> Result<Packet<'_>, Error> {
        self.usable()?;
        let needed = self.config.layout.picture_len();
        if len < needed {
            return Err(Error::Length { len, needed });
        }
        let descriptor = dma_buf.try_clone_to_owned().map_err(|_full| Error::Import { code: 0 })?;
        let memory = Memory::import(self.library.calls(), descriptor, len)?;
        let picture = Picture::imported(memory, &self.shape(pts_us))?;
        Packet::new(self.encode(picture)?)
    }

    /// Encodes a picture that `fill` writes into the encoder's memory, which lies as the
    /// configuration says and is at least that long. What `fill` leaves out is what stood there.
    ///
    /// # Errors
    /// [`Error::Memory`] and those of the encoder, which is of no more use then.
    pub fn encode_copy(
        &mut self,
        pts_us: i64,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Packet<'_>, Error> {
        self.usable()?;
        let (library, shape) = (self.library.calls(), self.shape(pts_us));
        let len = self.config.layout.picture_len();
        let copies = &mut self.context().copies;
        if copies.is_none() {
            *copies = Some(Copies::new(library, len)?);
        }
        let copies = copies.as_mut().expect("made above");
        let picture = copies.picture(&shape, fill)?;
        Packet::new(self.encode(picture)?)
    }

    /// Makes the next picture an IDR. The first one is by itself.
    ///
    /// # Errors
    /// [`Error::Failed`]
    pub fn force_idr(&mut self) -> Result<(), Error> {
        self.usable()?;
        self.context().force_idr()
    }

    /// Aims at `bitrate_bps` from the next picture on, without an IDR. No effect on JPEG.
    ///
    /// # Errors
    /// [`Error::Setting`] and [`Error::Failed`]; the encoder goes on as before.
    pub fn set_bitrate(&mut self, bitrate_bps: u32) -> Result<(), Error> {
        self.usable()?;
        if matches!(self.config.codec, Codec::H264 { .. }) {
            self.context().configure(&bitrate(bitrate_bps))?;
        }
        Ok(())
    }

    fn encode(&mut self, picture: Picture) -> Result<RawPacket, Error> {
        let result = self.run(picture);
        if let Err(error) = &result {
            self.failure = Some(error.clone());
        }
        result
    }

    fn run(&mut self, picture: Picture) -> Result<RawPacket, Error> {
        let context = self.context();
        let start = Instant::now();
        if let Err(error) = context.put(&picture) {
            // It may still read the picture, which must live until the context has ended.
            context.kept = Some(picture);
            // Releases disagree on the code for a time that is over.
            let is_late = start.elapsed() >= PICTURE_TIMEOUT - PICTURE_TIMEOUT / 10;
            return Err(if is_late { Error::Stalled } else { error });
        }
        drop(picture);
        context.packet()?.ok_or(Error::Stalled)
    }

    fn usable(&self) -> Result<(), Error> {
        self.failure.clone().map_or(Ok(()), Err)
    }

    fn shape(&self, pts_us: i64) -> Shape {
        let EncoderConfig { width, height, layout, .. } = self.config;
        Shape { width, height, layout, pts_us }
    }

    fn context(&mut self) -> &mut Context {
        self.context.as_mut().expect("present until drop")
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        if let Some(context) = self.context.take() {
            ending::end(context);
        }
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("config", &self.config)
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}
