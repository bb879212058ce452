// SPDX-License-Identifier: MIT OR Apache-2.0
//! The running clock in the upper left corner, in digits of 5 by 7 dots.

use super::canvas::{Canvas, Colour, Rect};

/// Writes date, time of day in UTC and the picture's number.
pub(super) fn draw(canvas: &mut Canvas<'_>, unix_s: u64, number: u64) {
    let dot = (canvas.height / 540).max(1);
    let (left, top) = ((canvas.width / 40) & !1, (canvas.height / 40) & !1);
    let text = text(unix_s, number);
    let (step, count) = (6 * dot, i32::try_from(text.len()).expect("a short line"));
    let frame = Rect {
        left: left - 2 * dot,
        top: top - 2 * dot,
        right: left + count * step + dot,
        bottom: top + 9 * dot,
    };
    canvas.fill(frame.even(), Colour(16, 128, 128));
    for (n, character) in (0..).zip(text.bytes()) {
        for (y, row) in (0..).zip(glyph(character)) {
            for x in (0..5).filter(|x| row & (0x10 >> x) != 0) {
                let (left, top) = (left + n * step + x * dot, top + y * dot);
                let dot = Rect { left, top, right: left + dot, bottom: top + dot };
                light(canvas, dot);
            }
        }
    }
}

/// White without touching chroma, which is grey below the text already.
fn light(canvas: &mut Canvas<'_>, dot: Rect) {
    let dot = dot.intersect(canvas.whole());
    for row in dot.top..dot.bottom {
        canvas.luma_row(row, dot.left, dot.right).fill(235);
    }
}

fn text(unix_s: u64, number: u64) -> String {
    let (year, month, day) = civil(unix_s / 86_400);
    let (hour, minute, second) = (unix_s / 3600 % 24, unix_s / 60 % 60, unix_s % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} {number:09}")
}

/// Year, month and day of the proleptic Gregorian calendar, `days` after 1970-01-01. Counted from
/// 0000-03-01, in eras of 400 years, so that the leap day is the last of a year.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

/// Rows of five dots, the left one in bit 4.
const fn glyph(character: u8) -> [u8; 7] {
    match character {
        b'0' => [0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e],
        b'1' => [0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e],
        b'2' => [0x0e, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1f],
        b'3' => [0x1f, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0e],
        b'4' => [0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02],
        b'5' => [0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e],
        b'6' => [0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e],
        b'7' => [0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08],
        b'8' => [0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e],
        b'9' => [0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c],
        b'-' => [0, 0, 0, 0x1f, 0, 0, 0],
        b':' => [0, 0x04, 0x04, 0, 0x04, 0x04, 0],
        _ => [0; 7],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_the_calendar() {
        // unix seconds as `date -u -d` prints them
        let table = [
            (0, "1970-01-01 00:00:00 000000000"),
            (951_782_399, "2000-02-28 23:59:59 000000000"),
            (951_782_400, "2000-02-29 00:00:00 000000000"),
            (1_709_251_200, "2024-03-01 00:00:00 000000000"),
            (1_767_225_599, "2025-12-31 23:59:59 000000000"),
            (4_107_542_400, "2100-03-01 00:00:00 000000000"),
        ];
        for (unix_s, expected) in table {
            assert_eq!(text(unix_s, 0), expected);
        }
    }
}
