// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether a published bundle is for this camera, and when it may come by itself. What the publisher says stands in the
//! bundle's signed manifest (`[meta.hsv]`), so that polling needs no other file, key or server than the bundle.

/// What the publisher says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Which row of versions this is of; `stable` where nothing is said.
    pub channel: String,
    /// Of a hundred cameras, so many take it by themselves by now.
    pub staged: u8,
    /// When it may come by itself; any time where nothing is said.
    pub hours: Option<Hours>,
    /// What is new, in the publisher's words.
    pub notes: String,
}

impl Default for Offer {
    fn default() -> Self {
        Self { channel: "stable".to_owned(), staged: 100, hours: None, notes: String::new() }
    }
}

/// A part of each day, in minutes since midnight, UTC; over midnight where it begins after its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// The first minute.
    pub from: u16,
    /// The first one after it.
    pub to: u16,
}

const DAY: u16 = 24 * 60;

impl Hours {
    /// `HH:MM-HH:MM`; `None` of anything else, and of no time at all.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let minute = |text: &str| {
            let (hours, minutes) = text.split_once(':')?;
            let is_number =
                |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            if !(is_number(hours) && is_number(minutes)) {
                return None;
            }
            let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
            (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
        };
        let (from, to) = text.split_once('-')?;
        let (from, to) = (minute(from)?, minute(to)?);
        (from != to).then_some(Self { from, to })
    }

    /// Whether `minute` of the day is in it.
    #[must_use]
    pub fn has(self, minute: u16) -> bool {
        let minute = minute % DAY;
        if self.from < self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

impl Offer {
    /// Of the manifest's words; one that cannot be read makes the offer one for nobody's taking by itself.
    #[must_use]
    pub fn of<'a>(word: impl Fn(&str) -> Option<&'a str>) -> Self {
        let usual = Self::default();
        let hours = word("hours").map(Hours::parse);
        let staged = match (word("staged").map(str::parse::<u8>), hours) {
            (_, Some(None)) => 0,
            (Some(staged), _) => staged.unwrap_or(0).min(100),
            (None, _) => usual.staged,
        };
        Self {
            channel: word("channel").unwrap_or(&usual.channel).to_owned(),
            staged,
            hours: hours.flatten(),
            notes: word("notes").unwrap_or_default().to_owned(),
        }
    }
}

/// Why an offer is not taken by itself now; in an owner's words. By hand it can be taken all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotYet {
    /// Another row of versions.
    #[error("it is of the channel {theirs}, and this camera follows {ours}")]
    OtherChannel {
        /// The bundle's.
        theirs: String,
        /// The camera's.
        ours: String,
    },
    /// Others go first.
    #[error("it is given to {0} of 100 cameras by now, and this one is not among them")]
    NotAmong(u8),
    /// Not now.
    #[error("it comes at another time of the day")]
    OtherHours,
    /// The clock was never set, and it matters.
    #[error("it comes at a certain time of the day, and the clock is not set")]
    NoClock,
}

/// Whether a camera takes the offer by itself. `place` is where it stands among a hundred, from 0, other for each
/// version, so that not the same cameras always go first; `minute` is the day's, if the clock is set.
///
/// # Errors
/// Why it does not.
pub fn decide(offer: &Offer, channel: &str, place: u8, minute: Option<u16>) -> Result<(), NotYet> {
    if offer.channel != channel {
        let (theirs, ours) = (offer.channel.clone(), channel.to_owned());
        return Err(NotYet::OtherChannel { theirs, ours });
    }
    if place >= offer.staged {
        return Err(NotYet::NotAmong(offer.staged));
    }
    match (offer.hours, minute) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(NotYet::NoClock),
        (Some(hours), Some(minute)) if hours.has(minute) => Ok(()),
        (Some(_), Some(_)) => Err(NotYet::OtherHours),
    }
}

/// Where a camera stands among a hundred for a version: FNV-1a of both, so that it is the same at each look.
#[must_use]
pub fn place(machine: &str, version: &str) -> u8 {
    let bytes = machine.bytes().chain([0]).chain(version.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    // The upper bits are the better mixed ones
    u8::try_from((hash >> 32) % 100).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_and_go_over_midnight() {
        let night = Hours::parse("23:30-05:00").unwrap();
        let table =
            [(0, true), (299, true), (300, false), (1409, false), (1410, true), (1439, true)];
        for (minute, is_in) in table {
            assert_eq!(night.has(minute), is_in, "{minute}");
        }
        assert!(Hours::parse("02:00-05:00").unwrap().has(180));
        for wrong in [
            "",
            "2:00-5:00",
            "02:00",
            "24:00-05:00",
            "02:60-05:00",
            "02:00-02:00",
            "a-b",
            "+2:00-05:00",
        ] {
            assert_eq!(Hours::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_offer_is_what_its_manifest_says() {
        let of = |words: &'static [(&str, &'static str)]| {
            Offer::of(|key| words.iter().find(|(name, _)| *name == key).map(|(_, value)| *value))
        };
        assert_eq!(of(&[]), Offer::default());
        let whole = of(&[
            ("channel", "beta"),
            ("staged", "20"),
            ("hours", "02:00-05:00"),
            ("notes", "new"),
        ]);
        assert_eq!(
            (whole.channel.as_str(), whole.staged, whole.notes.as_str()),
            ("beta", 20, "new")
        );
        assert_eq!(whole.hours, Hours::parse("02:00-05:00"));
        // What is not understood is for nobody's taking by itself
        assert_eq!(of(&[("staged", "all")]).staged, 0);
        assert_eq!(of(&[("staged", "300")]).staged, 0);
        assert_eq!(of(&[("staged", "101")]).staged, 100);
        assert_eq!(of(&[("hours", "at night")]).staged, 0);
    }

    #[test]
    fn who_takes_it_by_itself() {
        let offer = Offer { staged: 20, hours: Hours::parse("02:00-05:00"), ..Offer::default() };
        let table = [
            ("stable", 19, Some(180), Ok(())),
            ("stable", 20, Some(180), Err(NotYet::NotAmong(20))),
            ("stable", 0, Some(600), Err(NotYet::OtherHours)),
            ("stable", 0, None, Err(NotYet::NoClock)),
            (
                "beta",
                0,
                Some(180),
                Err(NotYet::OtherChannel { theirs: "stable".into(), ours: "beta".into() }),
            ),
        ];
        for (channel, place, minute, decided) in table {
            assert_eq!(decide(&offer, channel, place, minute), decided);
        }
        assert_eq!(decide(&Offer::default(), "stable", 99, None), Ok(()));
    }

    #[test]
    fn cameras_are_spread_evenly_and_anew_for_each_version() {
        let mut counts = [0_u32; 100];
        let mut moved = 0;
        for number in 0..20_000 {
            let machine = format!("{number:032x}");
            counts[usize::from(place(&machine, "1.0.0"))] += 1;
            moved += u32::from(place(&machine, "1.0.0") != place(&machine, "1.0.1"));
        }
        assert!(counts.iter().all(|count| (120..=280).contains(count)), "{counts:?}");
        assert!(moved > 19_000, "{moved}");
    }
}
