// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a recording ended, in the words of the journal.

use std::fmt;
use std::time::Duration;

use hds::ConnectionId;

use super::Reason;

/// Every way a recording can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The hub closed it.
    HubClosed(Reason),
    /// The hub acknowledged the last fragment.
    Acknowledged,
    /// The hub closed its data stream after the last fragment.
    LeftAfterEnd,
    /// After the last fragment the hub opened the next recording.
    Followed,
    /// The hub has the last fragment and said nothing.
    NotAnswered,
    /// The data stream ended in the middle.
    ConnectionLost,
    /// The camera no longer allows it.
    Revoked,
    /// The daemon ends.
    Stopped,
    /// The hub took nothing, and another one asked.
    TakenOver,
    /// The hub was so slow that the prebuffer dropped what was to be sent.
    Behind,
    /// The encoder gave no picture after the open.
    NoPicture,
    /// The encoder gave no more whole GOPs.
    Starved,
    /// The encoder's parameters changed.
    SourceChanged,
    /// Camera or encoder failed.
    SourceFailed,
    /// The video cannot be put into fragments.
    NotMuxed(fmp4::Error),
}

impl Ending {
    /// Whether everybody did as they should.
    pub fn is_normal(self) -> bool {
        match self {
            Self::HubClosed(reason) => reason == Reason::Normal,
            Self::Acknowledged
            | Self::LeftAfterEnd
            | Self::Followed
            | Self::Revoked
            | Self::Stopped => true,
            _ => false,
        }
    }

    /// What the hub is told; nothing when it ended the recording itself.
    pub(super) fn reason_told(self) -> Option<Reason> {
        match self {
            Self::HubClosed(_) | Self::Acknowledged | Self::LeftAfterEnd | Self::ConnectionLost => {
                None
            }
            Self::Followed => Some(Reason::Normal),
            Self::Revoked => Some(Reason::NotAllowed),
            Self::Stopped | Self::NotAnswered | Self::TakenOver => Some(Reason::Cancelled),
            Self::Behind
            | Self::NoPicture
            | Self::Starved
            | Self::SourceChanged
            | Self::SourceFailed
            | Self::NotMuxed(_) => Some(Reason::UnexpectedFailure),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::HubClosed(Reason::Normal) => "ended normally: the home hub closed it",
            Self::HubClosed(reason) => {
                return write!(f, "cut short: the home hub closed it {reason}");
            }
            Self::Acknowledged => "ended normally: the home hub acknowledged it",
            Self::LeftAfterEnd => "ended normally: the home hub disconnected after the end",
            Self::Followed => "ended normally: the home hub opened the next one",
            Self::NotAnswered => "ended: the home hub did not answer after the last fragment",
            Self::ConnectionLost => "cut short: the connection to the home hub was lost",
            Self::Revoked => "ended: recording is no longer allowed",
            Self::Stopped => "ended: the camera is shutting down",
            Self::TakenOver => "cut short: the home hub took no data and another one asked",
            Self::Behind => "cut short: the home hub was too slow and video was dropped",
            Self::NoPicture => "failed: the encoder gave no picture",
            Self::Starved => "cut short: the encoder gave no more video",
            Self::SourceChanged => "cut short: the encoder's settings changed",
            Self::SourceFailed => "cut short: the camera or its encoder failed",
            Self::NotMuxed(error) => return write!(f, "cut short: {error}"),
        };
        f.write_str(words)
    }
}

impl fmt::Display for Reason {
    /// As the end of a sentence: "because it was cancelled (reason 3)".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::Normal => "as it should",
            Self::NotAllowed => "because it is not allowed",
            Self::Busy => "because it is busy",
            Self::Cancelled => "because it was cancelled",
            Self::Unsupported => "because it does not support it",
            Self::UnexpectedFailure => "because of an unexpected failure",
            Self::Timeout => "because it waited too long",
            Self::BadData => "because it did not understand the video",
            Self::ProtocolError => "because of a protocol error",
            Self::InvalidConfiguration => "because the configuration is invalid",
            Self::Other(None) => return f.write_str("without a reason"),
            Self::Other(Some(number)) => return write!(f, "for reason {number}"),
        };
        match self.number() {
            Some(number) => write!(f, "{words} (reason {number})"),
            None => f.write_str(words),
        }
    }
}

/// One recording, after it. Its `Display` is the journal's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The data stream it went over.
    pub connection: ConnectionId,
    /// How it ended.
    pub ending: Ending,
    /// From the open to the end.
    pub open_for: Duration,
    /// Whole fragments handed to the data stream.
    pub fragments: u32,
    /// What they last.
    pub media: Duration,
    /// Their bytes, with the init segment.
    pub bytes: u64,
}

impl Summary {
    pub(super) fn without_media(connection: ConnectionId, ending: Ending) -> Self {
        let (open_for, media) = (Duration::ZERO, Duration::ZERO);
        Self { connection, ending, open_for, fragments: 0, media, bytes: 0 }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ending, fragments, media, bytes, .. } = self;
        let plural = if *fragments == 1 { "" } else { "s" };
        write!(f, "recording {ending} after {fragments} fragment{plural} ")?;
        let tenths_of_mb = (bytes + 50_000) / 100_000;
        let (mb, tenth) = (tenths_of_mb / 10, tenths_of_mb % 10);
        write!(f, "({:.1} s, {mb}.{tenth} MB)", media.as_secs_f64())
    }
}
