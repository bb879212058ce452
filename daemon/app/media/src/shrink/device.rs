// SPDX-License-Identifier: MIT OR Apache-2.0
//! The machine's scaler, for one reader of pictures: a picture in a device's memory goes in where
//! it lies and comes out small, in memory that can be lent on. The processor touches neither.

use std::error::Error;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use frame::{Chroma, DeviceLayout, Size, YuvPicture};
use v4l2::{
    Device, FourCc, InputLayout, Matrix, Range, RunError, Scaled, ScalerNode, ScalerWish,
    StartError, SubmitError,
};

use super::choice::Scalers;
use crate::clock::{Alarm, STALLED};
use crate::lent::{LentPicture, layout};
use crate::source::{Converter, LONGEST_WAIT, UnusableFormat};
use crate::video::Counter;

/// The scaler of one reader. It opens with the first picture.
pub(crate) struct DeviceScaler {
    scalers: Arc<Scalers>,
    session: Option<Session>,
    /// It did not do this, at which of its chances.
    refused: Option<(u32, Task)>,
    /// Bytes that the processor copied out of what it made.
    copied: Arc<Counter>,
}

/// How long a picture is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Patience<'a> {
    /// Until the scaler has stalled.
    Full,
    /// As long as the capture thread may sleep, and no longer than the alarm is quiet.
    Short(&'a Alarm),
}

impl<'a> Patience<'a> {
    fn time(self) -> Duration {
        match self {
            Self::Full => STALLED,
            Self::Short(_) => LONGEST_WAIT,
        }
    }

    fn alarm(self) -> Option<BorrowedFd<'a>> {
        match self {
            Self::Full => None,
            Self::Short(alarm) => Some(alarm.as_fd()),
        }
    }
}

/// What is to be done with pictures of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Task {
    layout: DeviceLayout,
    from: Size,
    to: Size,
}

struct Session {
    task: Task,
    scaler: v4l2::Scaler<Arc<YuvPicture>>,
    layout: DeviceLayout,
    converter: Arc<Mutex<Converter>>,
    /// Of the last picture that was submitted.
    stamp: Duration,
    /// It was not ready in time, and is still expected.
    late_since: Option<Instant>,
    /// Pictures in a row.
    damaged: u32,
}

/// Why the scaler is used no more.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("scaler cannot be set up")]
    Start(#[from] StartError),
    #[error("scaler makes what cannot be read")]
    Format(#[from] UnusableFormat),
    #[error("scaler makes pictures that lie otherwise than asked for")]
    Layout,
    #[error("picture not taken")]
    Submit(#[from] SubmitError),
    #[error("scaler stopped")]
    Run(#[from] RunError),
    #[error("scaler does not answer")]
    Stalled,
    #[error("scaler makes nothing but damaged pictures")]
    Damaged,
}

impl Fault {
    /// Another picture may do better.
    fn is_of_this_task(&self) -> bool {
        match self {
            Self::Start(error) => !matches!(
                error,
                StartError::Busy
                    | StartError::Device(_)
                    | StartError::Hung(_)
                    | StartError::NotLent
            ),
            Self::Format(_) | Self::Layout => true,
            _ => false,
        }
    }
}

impl DeviceScaler {
    pub(crate) fn new(scalers: Arc<Scalers>) -> Self {
        Self { scalers, session: None, refused: None, copied: Arc::default() }
    }

    /// The same, counting what is copied out of its pictures.
    pub(crate) fn counting(scalers: Arc<Scalers>, copied: &Arc<Counter>) -> Self {
        Self { copied: Arc::clone(copied), ..Self::new(scalers) }
    }

    /// `picture` in the size `to`, waited for with `patience`. `None` when it is not larger or
    /// does not lie in a device's memory, or the scaler is missing, failed, or late this time.
    pub(crate) fn scale(
        &mut self,
        picture: &Arc<YuvPicture>,
        to: Size,
        patience: Patience<'_>,
    ) -> Option<Arc<YuvPicture>> {
        let task = Task { layout: picture.device()?.layout(), from: picture.size(), to };
        if !task.is_possible() || self.refused == Some((self.scalers.chance(), task)) {
            return None;
        }
        let Some(node) = self.scalers.node() else {
            self.close();
            return None;
        };
        match self.try_scale(&node, picture, task, patience) {
            Ok(scaled) => {
                self.scalers.scaled.add(u64::from(scaled.is_some()));
                scaled
            }
            Err(fault) => {
                self.close();
                self.fail(&fault, task);
                None
            }
        }
    }

    /// Gives the device back.
    pub(crate) fn close(&mut self) {
        self.session = None;
    }

    fn fail(&mut self, fault: &Fault, task: Task) {
        let reason: &(dyn Error + 'static) = fault;
        if fault.is_of_this_task() {
            self.refused = Some((self.scalers.chance(), task));
            self.scalers.refused(reason);
        } else {
            self.scalers.turn_off(reason);
        }
    }

    fn try_scale(
        &mut self,
        node: &ScalerNode,
        picture: &Arc<YuvPicture>,
        task: Task,
        patience: Patience<'_>,
    ) -> Result<Option<Arc<YuvPicture>>, Fault> {
        if self.session.as_ref().is_none_or(|session| session.task != task) {
            // The old one's memory first.
            self.session = None;
            self.session = match Session::start(node, task) {
                // It may be slow to end.
                Err(Fault::Start(StartError::Hung(hung))) if hung.since < STALLED => None,
                started => Some(started?),
            };
        }
        let Some(session) = &mut self.session else { return Ok(None) };
        loop {
            if !session.is_free()? || !session.submit(picture)? {
                return Ok(None);
            }
            match session.collect(patience, &self.copied)? {
                Outcome::Scaled(scaled) => return Ok(Some(scaled)),
                // From elsewhere it would come in other memory: a new stream for an encoder.
                Outcome::Damaged if matches!(patience, Patience::Full) => {}
                Outcome::Damaged | Outcome::Late => return Ok(None),
            }
        }
    }
}

impl Task {
    /// Down, in even sides.
    fn is_possible(self) -> bool {
        let is_side = |side: u16| side >= 16 && side.is_multiple_of(2);
        let Self { from, to, .. } = self;
        let is_down = to.width <= from.width && to.height <= from.height && to != from;
        is_down && [to.width, to.height, from.width, from.height].into_iter().all(is_side)
    }

    fn wish(self) -> ScalerWish {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let Self { layout, from, to } = self;
        ScalerWish {
            input: InputLayout {
                fourcc: match layout.chroma {
                    Chroma::Pairs => FourCc::NV12,
                    Chroma::Planes => FourCc::YUV420,
                },
                bytes_per_line: number(layout.stride),
                lines: number(layout.lines),
                buffer_len: number(layout.buffer_len),
            },
            from_width: from.width.into(),
            from_height: from.height.into(),
            width: to.width.into(),
            height: to.height.into(),
            matrix: if layout.colour.is_bt709 { Matrix::Bt709 } else { Matrix::Bt601 },
            range: if layout.colour.is_full_range { Range::Full } else { Range::Limited },
        }
    }
}

impl Session {
    fn start(node: &ScalerNode, task: Task) -> Result<Self, Fault> {
        let device = Device::open_m2m(&node.path, v4l2::SCALER_PATIENCE)?;
        let scaler = v4l2::Scaler::start(device, &task.wish())?;
        let format = scaler.format();
        let layout = layout(format, task.to).ok_or(Fault::Layout)?;
        let converter = Arc::new(Mutex::new(Converter::new(format, task.to)?));
        let (from, to) = (task.from, task.to);
        tracing::info!(card = node.capabilities.card, ?from, ?to, "scaler started");
        let (stamp, late_since, damaged) = (Duration::ZERO, None, 0);
        Ok(Self { task, scaler, layout, converter, stamp, late_since, damaged })
    }

    /// Whether nothing is under way. What comes late is of no use.
    fn is_free(&mut self) -> Result<bool, Fault> {
        let Some(since) = self.late_since else { return Ok(true) };
        match self.scaler.next(Duration::ZERO, None)? {
            Scaled::Picture(_) | Scaled::Damaged => {
                self.late_since = None;
                Ok(true)
            }
            Scaled::Nothing if since.elapsed() > STALLED => Err(Fault::Stalled),
            Scaled::Nothing => Ok(false),
        }
    }

    /// `false` when the picture is not lent to other devices.
    fn submit(&mut self, picture: &Arc<YuvPicture>) -> Result<bool, Fault> {
        let Some(dma_buf) = picture.device().and_then(|device| device.dma_buf()) else {
            return Ok(false);
        };
        self.stamp += Duration::from_micros(1);
        let length = u32::try_from(self.task.layout.buffer_len).unwrap_or(u32::MAX);
        self.scaler.submit(self.stamp, dma_buf, length, Arc::clone(picture))?;
        Ok(true)
    }

    fn collect(&mut self, patience: Patience<'_>, copied: &Arc<Counter>) -> Result<Outcome, Fault> {
        let begun = Instant::now();
        loop {
            let left = patience.time().saturating_sub(begun.elapsed());
            match self.scaler.next(left, patience.alarm())? {
                Scaled::Picture(lent) if lent.timestamp().is_none_or(|at| at == self.stamp) => {
                    self.damaged = 0;
                    let size = self.task.to;
                    let layout = DeviceLayout { buffer_len: lent.buffer_len(), ..self.layout };
                    let (converter, copied) = (Arc::clone(&self.converter), Arc::clone(copied));
                    let picture = LentPicture { layout, size, lent, converter, copied };
                    let picture = YuvPicture::in_device(size, Arc::new(picture));
                    return Ok(Outcome::Scaled(Arc::new(picture)));
                }
                Scaled::Picture(_) => {}
                Scaled::Damaged => {
                    self.damaged += 1;
                    return if self.damaged < MOST_DAMAGED {
                        Ok(Outcome::Damaged)
                    } else {
                        Err(Fault::Damaged)
                    };
                }
                Scaled::Nothing if matches!(patience, Patience::Full) => {
                    return Err(Fault::Stalled);
                }
                Scaled::Nothing => {
                    self.late_since = Some(begun);
                    return Ok(Outcome::Late);
                }
            }
        }
    }
}

/// What became of a picture.
enum Outcome {
    Scaled(Arc<YuvPicture>),
    Damaged,
    Late,
}

/// A second of them, as of an encoder.
const MOST_DAMAGED: u32 = 30;

#[cfg(test)]
mod tests {
    use frame::Colour;

    use super::*;

    fn task(from: (u16, u16), to: (u16, u16)) -> Task {
        let colour = Colour { is_bt709: true, is_full_range: false };
        let (stride, lines, buffer_len) = (from.0.into(), from.1.into(), 1);
        let layout = DeviceLayout { chroma: Chroma::Pairs, stride, lines, buffer_len, colour };
        let size = |(width, height)| Size::new(width, height);
        Task { layout, from: size(from), to: size(to) }
    }

    #[test]
    fn pictures_are_made_smaller_and_nothing_else() {
        // from, to, whether the device is asked
        let table = [
            ((1920, 1080), (640, 360), true),
            ((1920, 1080), (1920, 1078), true),
            ((1920, 1080), (1920, 1080), false),
            ((640, 360), (1280, 720), false),
            ((640, 360), (320, 480), false),
            ((640, 360), (321, 180), false),
            ((640, 360), (16, 8), false),
        ];
        for (from, to, is_possible) in table {
            assert_eq!(task(from, to).is_possible(), is_possible, "{from:?} to {to:?}");
        }
    }

    #[test]
    fn what_one_size_is_refused_for_others_may_do() {
        let gone = || std::io::Error::from_raw_os_error(19);
        let table = [
            (Fault::Start(StartError::Size(640, 368)), true),
            (Fault::Layout, true),
            (Fault::Start(StartError::Device(gone())), false),
            (Fault::Start(StartError::Busy), false),
            (Fault::Start(StartError::NotLent), false),
            (Fault::Submit(SubmitError::Import(gone())), false),
            (Fault::Run(RunError::Failed), false),
            (Fault::Stalled, false),
        ];
        for (fault, is_of_this_task) in table {
            assert_eq!(fault.is_of_this_task(), is_of_this_task, "{fault:?}");
        }
    }
}
