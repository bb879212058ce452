// SPDX-License-Identifier: MIT OR Apache-2.0
//! A recording while fragments go out: its place in the prebuffer, its chunks, its queue.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fmp4::Muxer;
use frame::{AudioConfig, AvcConfig};
use hds::{Data, OVERHEAD};
use privacy::{Permit, Record};

use super::message::{self, Chunk};
use super::{Accepted, Action, Ending, StreamId, Summary, Timers};
use crate::prebuffer::{Gop, Lookup, Prebuffer};

/// The most media in one data event; hubs take no more.
const MAX_CHUNK_BYTES: usize = 0x4_0000;

#[derive(Debug)]
pub(super) struct Sending {
    pub stream: StreamId,
    pub permit: Permit<Record>,
    pub opened: Instant,
    /// What still waits for the hub's socket: as told last, and what was handed out since.
    pub queued_bytes: usize,
    /// When the motion ended; none while it lasts.
    pub motion_ended: Option<Instant>,
    muxer: Muxer,
    /// Of the next fragment.
    sequence: u32,
    /// Number of the next GOP in the prebuffer.
    cursor: u64,
    /// A fragment of which not all was handed out.
    current: Option<Outgoing>,
    /// When the hub last took something, or began to be behind.
    took: Instant,
    /// When the last fragment, or the init segment, was handed out.
    handed_out: Instant,
    fragments: u32,
    media: Duration,
    bytes: u64,
}

/// A fragment, or the init segment, on its way out.
#[derive(Debug)]
struct Outgoing {
    sequence: u32,
    data: Data,
    /// Bytes handed out.
    sent: usize,
    /// Its number among the chunks.
    next_chunk: u32,
    ends_stream: bool,
    duration: Duration,
}

/// How far [`Sending::pump`] came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pumped {
    /// It waits for the next GOP or for the hub.
    Waits,
    /// The chunk that ends the stream was handed out.
    SentLast,
}

impl Sending {
    /// Sends the init segment and stands before the GOPs that cover the prebuffer length.
    pub fn begin(
        now: Instant,
        open: Accepted,
        (video, audio): (Arc<AvcConfig>, Option<Arc<AudioConfig>>),
        prebuffer: &Prebuffer,
        actions: &mut Vec<Action>,
    ) -> Result<Self, fmp4::Error> {
        let muxer = Muxer::new(video, audio)?;
        let init = Outgoing::new(1, muxer.init_segment(), Duration::ZERO);
        let mut sending = Self {
            stream: open.stream,
            permit: open.permit,
            opened: open.at,
            queued_bytes: 0,
            motion_ended: None,
            muxer,
            sequence: 2,
            cursor: prebuffer.first_covering(open.prebuffer),
            current: Some(init),
            took: now,
            handed_out: now,
            fragments: 0,
            media: Duration::ZERO,
            bytes: 0,
        };
        sending.send_chunk(now, actions);
        Ok(sending)
    }

    /// Hands out chunks until the hub's queue is full or the prebuffer has no more.
    ///
    /// # Errors
    /// How the recording ends when it cannot go on.
    pub fn pump(
        &mut self,
        now: Instant,
        prebuffer: &Prebuffer,
        timers: &Timers,
        actions: &mut Vec<Action>,
    ) -> Result<Pumped, Ending> {
        while self.queued_bytes < timers.max_queued_bytes {
            if self.current.is_some() {
                if self.send_chunk(now, actions) {
                    return Ok(Pumped::SentLast);
                }
                continue;
            }
            match prebuffer.find(self.cursor) {
                Lookup::Found(gop) => {
                    let is_last = self.is_over(now, timers) && prebuffer.is_newest(gop.number);
                    self.take(&gop, is_last)?;
                }
                Lookup::NotYet => return Ok(Pumped::Waits),
                Lookup::Gone => return Err(Ending::Behind),
            }
        }
        // What is not yet handed out must still be there when the hub is ready for it.
        match prebuffer.find(self.cursor) {
            Lookup::Gone => Err(Ending::Behind),
            Lookup::Found(_) | Lookup::NotYet => Ok(Pumped::Waits),
        }
    }

    /// The hub's socket took bytes and `queued_bytes` are left.
    pub fn written(&mut self, now: Instant, queued_bytes: usize) {
        self.queued_bytes = queued_bytes;
        self.took = now;
    }

    /// Whether the hub has taken nothing for too long though something waits for it.
    pub fn is_stalled(&self, now: Instant, timers: &Timers) -> bool {
        self.queued_bytes > 0 && now - self.took >= timers.stalled_after
    }

    /// When the next fragment is overdue; not while it is the hub that is waited for.
    pub fn starved_at(&self, timers: &Timers) -> Option<Instant> {
        let waits_for_hub = self.current.is_some() || self.queued_bytes >= timers.max_queued_bytes;
        (!waits_for_hub).then(|| self.handed_out + timers.next_fragment_within)
    }

    pub fn summary(&self, ending: Ending) -> Summary {
        Summary {
            fragments: self.fragments,
            media: self.media,
            bytes: self.bytes,
            ..Summary::without_media(self.stream.connection, ending)
        }
    }

    /// Whether the next fragment shall be the last.
    fn is_over(&self, now: Instant, timers: &Timers) -> bool {
        let is_quiet = self.motion_ended.is_some_and(|end| now - end >= timers.after_motion);
        is_quiet || timers.maximum.is_some_and(|maximum| now - self.opened >= maximum)
    }

    /// Makes a fragment of `gop`.
    fn take(&mut self, gop: &Gop, ends_stream: bool) -> Result<(), Ending> {
        let (frames, audio) = (&gop.frames, &gop.audio);
        let of_muxer = fmp4::Gop { frames, end: gop.end, audio, audio_end: gop.audio_end };
        let fragment = self.muxer.fragment(&of_muxer).map_err(Ending::NotMuxed)?;
        let outgoing = Outgoing::new(self.sequence, fragment, gop.duration());
        self.current = Some(Outgoing { ends_stream, ..outgoing });
        self.sequence += 1;
        self.cursor = gop.number + 1;
        Ok(())
    }

    /// Hands out the next chunk; whether it was the one that ends the stream.
    fn send_chunk(&mut self, now: Instant, actions: &mut Vec<Action>) -> bool {
        let Some(mut outgoing) = self.current.take() else { return false };
        let message = message::data(self.stream.number, outgoing.next());
        if self.queued_bytes == 0 {
            self.took = now;
        }
        self.queued_bytes += message.max_encoded_len() + OVERHEAD;
        actions.push(Action::Send { connection: self.stream.connection, message });
        if !outgoing.is_sent() {
            self.current = Some(outgoing);
            return false;
        }
        self.handed_out = now;
        self.bytes += outgoing.data.len() as u64;
        self.media += outgoing.duration;
        self.fragments += u32::from(outgoing.sequence > 1);
        outgoing.ends_stream
    }
}

impl Outgoing {
    fn new(sequence: u32, bytes: Vec<u8>, duration: Duration) -> Self {
        let (data, sent, next_chunk) = (Data::from(bytes), 0, 1);
        Self { sequence, data, sent, next_chunk, ends_stream: false, duration }
    }

    fn is_sent(&self) -> bool {
        self.sent == self.data.len()
    }

    fn next(&mut self) -> Chunk {
        let end = self.data.len().min(self.sent + MAX_CHUNK_BYTES);
        let data = self.data.slice(self.sent..end).expect("within the fragment");
        let number = self.next_chunk;
        self.sent = end;
        self.next_chunk += 1;
        Chunk {
            sequence: self.sequence,
            number,
            data,
            total_bytes: u32::try_from(self.data.len()).expect("fmp4 bounds a fragment to 64 MiB"),
            end_of_stream: self.is_sent().then_some(self.ends_stream),
        }
    }
}
