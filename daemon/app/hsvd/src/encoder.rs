// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which encoder is used, and why: the owner's word, then the board's table, then what is found.

use std::thread;

use gpio::board::{Board, EncoderKind as Table};
use media::{EncoderChoice, EncoderFound, EncoderKind};
use tracing::{info, warn};

/// The choice for this board.
pub fn choose(wish: &EncoderChoice, board: &Board) -> EncoderChoice {
    match (wish, &board.encoder) {
        (EncoderChoice::Auto, Some(has)) => EncoderChoice::Board(match has.kind {
            Table::V4l2M2m => EncoderKind::M2m,
            Table::Rkmpp => EncoderKind::Rkmpp,
            Table::Openh264 => EncoderKind::Openh264,
        }),
        _ => wish.clone(),
    }
}

/// What `choice` was found to be on this machine and why it is used, in one line for a person.
pub fn explain(choice: &EncoderChoice, found: &EncoderFound, board: &Board) -> String {
    let why = match choice {
        EncoderChoice::Auto => "the board's table names none, so what is found is used".to_owned(),
        EncoderChoice::Board(kind) => because(*kind, found, &board.id),
        _ => "[video] encoder says so".to_owned(),
    };
    format!("{found}: {why}")
}

/// Macroblocks a second of the machine's own encoder, measured here and now, within a third of a
/// second where it answers; where it does not, or codes nothing, what any of them can.
pub fn measure_hardware(choice: &EncoderChoice) -> u32 {
    match media::try_encoder(choice) {
        Ok(speed) => {
            let pictures = pictures_of_1080p(speed);
            info!(speed, "the encoder makes up to {pictures} pictures of 1920x1080 a second");
            speed
        }
        Err(error) => {
            warn!(
                error = &error as &dyn std::error::Error,
                "the encoder is taken to make 30 pictures of 1920x1080 a second"
            );
            30 * MACROBLOCKS_OF_1080P
        }
    }
}

/// Pictures of 1920 by 1080 pixels, out of macroblocks.
pub fn pictures_of_1080p(macroblocks: u32) -> u32 {
    macroblocks / MACROBLOCKS_OF_1080P
}

/// Measures the software encoder beside whatever else is done; `tell` gets macroblocks a second.
///
/// # Errors
/// The system cannot start a thread.
pub fn measure(tell: Box<dyn Fn(u32) + Send + Sync>) -> std::io::Result<()> {
    let measured = move || match media::software_speed() {
        Ok(speed) => {
            let pictures = pictures_of_1080p(speed);
            info!(
                speed,
                "the software encoder makes about {pictures} pictures of 1920x1080 a second on one core"
            );
            tell(speed);
        }
        Err(error) => warn!(error = &error as &dyn std::error::Error, "the software encoder"),
    };
    thread::Builder::new().name("speed".to_owned()).spawn(measured).map(drop)
}

/// 1920 by 1080 pixels.
const MACROBLOCKS_OF_1080P: u32 = 120 * 68;

fn because(kind: EncoderKind, found: &EncoderFound, board: &str) -> String {
    let has = match kind {
        EncoderKind::M2m => "a V4L2 encoder",
        EncoderKind::Rkmpp => "Rockchip's encoder",
        EncoderKind::Openh264 => "none in its chip",
    };
    let is_there = (kind == EncoderKind::Openh264) == (*found == EncoderFound::Openh264);
    let end = if is_there { "others are not tried" } else { "but it is MISSING" };
    format!("by its table the board {board} has {has}, {end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(encoder: &str) -> Board {
        let head = "schema = 1\nid = 'x'\nname = 'X'\ncompatible = []\n";
        Board::parse(&format!("{head}{encoder}")).unwrap()
    }

    #[test]
    fn the_owner_then_the_board_then_what_is_found() {
        let of = |kind: &str| board(&format!("[encoder]\nkind = '{kind}'"));
        let named = EncoderChoice::M2m(None);
        let table = [
            (EncoderChoice::Auto, board(""), EncoderChoice::Auto),
            (EncoderChoice::Auto, of("v4l2-m2m"), EncoderChoice::Board(EncoderKind::M2m)),
            (EncoderChoice::Auto, of("rkmpp"), EncoderChoice::Board(EncoderKind::Rkmpp)),
            (EncoderChoice::Auto, of("openh264"), EncoderChoice::Board(EncoderKind::Openh264)),
            (EncoderChoice::Openh264, of("v4l2-m2m"), EncoderChoice::Openh264),
            (named.clone(), of("openh264"), named),
        ];
        for (wish, board, expected) in table {
            assert_eq!(choose(&wish, &board), expected, "{wish:?}");
        }
    }

    #[test]
    fn why_is_told() {
        let (software, board) = (EncoderFound::Openh264, board(""));
        let said = explain(&EncoderChoice::Board(EncoderKind::Openh264), &software, &board);
        let expected = "openh264, in software: by its table the board x has none in its chip, others are not tried";
        assert_eq!(said, expected);
        let said = explain(&EncoderChoice::Openh264, &software, &board);
        assert_eq!(said, "openh264, in software: [video] encoder says so");
        let said = because(EncoderKind::Rkmpp, &EncoderFound::Openh264, "x");
        assert!(said.ends_with("has Rockchip's encoder, but it is MISSING"), "{said}");
        let said = because(EncoderKind::Rkmpp, &EncoderFound::Rkmpp, "x");
        assert!(said.ends_with("others are not tried"), "{said}");
    }
}
