// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers and the contract's words, as one would say them.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit};

use crate::out::Style;

/// A mode as the Home app says it; a word that is not known, as it came.
pub fn mode(word: &str) -> &str {
    match word {
        "off" => "Off",
        "detect-activity" => "Detect Activity",
        "stream" => "Stream",
        "stream-and-record" => "Stream & Allow Recording",
        "unpaired" => "not paired yet",
        "disabled-by-hand" => "disabled by hand",
        other => other,
    }
}

/// How a verdict looks.
pub fn verdict(word: &str) -> Style {
    match word {
        "ok" => Style::Good,
        "warning" => Style::Warning,
        _ => Style::Bad,
    }
}

/// `yes` or `no`.
pub fn yes(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "no" }
}

/// `1 viewer`, `2 viewers`.
pub fn count(number: usize, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}

/// 1234567 is `1.2 MB`.
pub fn bytes(bytes: u64) -> String {
    decimal(bytes, ["B", "kB", "MB", "GB"])
}

/// 1234567 is `1.2 Mbit/s`.
pub fn bit_rate(bps: u32) -> String {
    decimal(bps.into(), ["bit/s", "kbit/s", "Mbit/s", "Gbit/s"])
}

fn decimal(number: u64, units: [&str; 4]) -> String {
    let mut tenths = u128::from(number) * 10;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < units.len() {
        tenths /= 1000;
        unit += 1;
    }
    if unit == 0 || tenths >= 1000 {
        format!("{} {}", tenths / 10, units[unit])
    } else {
        format!("{}.{} {}", tenths / 10, tenths % 10, units[unit])
    }
}

/// 83 400 ms is `1:23`; less than a minute has tenths: `8.4 s`.
pub fn duration(ms: u64) -> String {
    match ms / 1000 {
        0..60 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        seconds @ 60..3600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        seconds => format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60),
    }
}

/// Seconds of the Unix epoch by this machine's clock: `14:03:20`, with the day if it is another.
pub fn time(epoch_s: i64) -> String {
    local_time(epoch_s, Timestamp::now(), TimeZone::system())
}

fn local_time(epoch_s: i64, now: Timestamp, zone: TimeZone) -> String {
    let Ok(at) = Timestamp::from_second(epoch_s) else { return format!("@{epoch_s}") };
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone));
    let form = if at.date() == now.date() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M" };
    at.strftime(form).to_string()
}

/// Now, in seconds of the Unix epoch.
pub fn now() -> i64 {
    Timestamp::now().as_second()
}

/// How long ago: `3 min ago`.
pub fn ago(epoch_s: i64) -> String {
    let Ok(at) = Timestamp::from_second(epoch_s) else { return format!("@{epoch_s}") };
    let seconds = at.until((Unit::Second, Timestamp::now())).map_or(0, |span| span.get_seconds());
    match seconds {
        ..60 => "just now".to_owned(),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_two_or_three_digits_that_matter() {
        for (number, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (99_999, "99.9 kB"),
            (123_456, "123 kB"),
            (1_234_567, "1.2 MB"),
            (u64::MAX, "18446744073 GB"),
        ] {
            assert_eq!(bytes(number), text);
        }
        assert_eq!(bit_rate(2_000_000), "2.0 Mbit/s");
    }

    #[test]
    fn durations_grow_by_their_parts() {
        for (ms, text) in [
            (0, "0.0 s"),
            (8_450, "8.4 s"),
            (60_000, "1:00"),
            (3_599_999, "59:59"),
            (7_384_000, "2:03:04"),
        ] {
            assert_eq!(duration(ms), text);
        }
    }

    #[test]
    fn a_time_of_another_day_has_its_date() {
        let now = Timestamp::from_second(1_700_000_000).unwrap(); // 2023-11-14 22:13:20
        let zone = TimeZone::UTC;
        assert_eq!(local_time(1_699_999_990, now, zone.clone()), "22:13:10");
        assert_eq!(local_time(1_699_900_000, now, zone.clone()), "2023-11-13 18:26");
        assert_eq!(local_time(i64::MAX, now, zone), format!("@{}", i64::MAX));
    }
}
