// SPDX-License-Identifier: MIT OR Apache-2.0
//! `--check-board`: what of all that is to be used is there, for a person.

use gpio::board::Board;

use crate::config::VideoConfig;
use crate::hands::Sight;
use crate::{camera_check, hands};

/// The word to look for.
pub const MISSING: &str = "MISSING";

/// A line or more for the board and each of its parts, the camera too, and one for the whole.
pub fn lines(video: &VideoConfig, board: &Board) -> Vec<String> {
    let mut out = hands::check(board, &video.encoder);
    let sight = hands::sight(board);
    out.extend(camera_check::lines(video, board, sight));
    let missing = out.iter().filter(|line| line.contains(MISSING)).count();
    out.push(match missing {
        0 if sight == Sight::Private => "all that was looked for is there".to_owned(),
        0 => "all that is to be used is there".to_owned(),
        _ => format!(
            "{missing} of these lines say {MISSING}: a wrong name in the board's table, a driver \
             that is not loaded, or a part that is not connected"
        ),
    });
    out
}
