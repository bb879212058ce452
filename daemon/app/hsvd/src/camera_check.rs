// SPDX-License-Identifier: MIT OR Apache-2.0
//! `--check-board`: the camera and the scaler that are used, for a person.

use gpio::board::Board;
use media::{FoundCamera, Rect, ScalerChoice};

use crate::check::MISSING;
use crate::compose;
use crate::config::{Crop, VideoConfig};
use crate::hands::Sight;

/// One line for the camera, one for its crop, and one for the scaler. A camera is opened only where
/// the privacy switch lets it.
pub fn lines(video: &VideoConfig, board: &Board, sight: Sight) -> Vec<String> {
    let mut out = match sight {
        Sight::Open => camera(video),
        Sight::Private => vec!["camera: not looked for, the switch stands at private".to_owned()],
        Sight::Unknown => {
            vec!["camera: not looked for, the privacy switch cannot be read".to_owned()]
        }
    };
    out.push(format!("scaler: {}", scaler(&compose::scaler(&video.scaler, board))));
    out
}

fn camera(video: &VideoConfig) -> Vec<String> {
    let mut out = Vec::new();
    match video.source.find() {
        None => out.push(format!("camera: {:?}, not looked for", video.source)),
        Some(Err(error)) => out.push(format!("camera: {MISSING}: {error}")),
        Some(Ok(FoundCamera { node, name, crop_bounds })) => {
            out.push(format!("camera: {name}, found at {}", node.display()));
            out.push(format!("crop: {}", crop(video.crop.map(Crop::rect), crop_bounds)));
        }
    }
    out
}

fn scaler(choice: &ScalerChoice) -> String {
    match (choice, choice.find()) {
        (ScalerChoice::Software, _) => "none, the processor scales".to_owned(),
        (ScalerChoice::M2m(_), Some(name)) => format!("{name}, found"),
        (ScalerChoice::M2m(name), None) => {
            let name = name.as_deref().unwrap_or("m2m");
            format!("{MISSING}: {name}, so the processor scales")
        }
    }
}

fn crop(wanted: Option<Rect>, bounds: Option<Rect>) -> String {
    let of = |rect: Rect| format!("[{}, {}, {}, {}]", rect.left, rect.top, rect.width, rect.height);
    match (wanted, bounds) {
        (None, None) => "not possible".to_owned(),
        (None, Some(bounds)) => format!("possible within {}", of(bounds)),
        (Some(_), None) => "NOT POSSIBLE, so the camera stays off".to_owned(),
        (Some(wanted), Some(bounds)) if lies_in(wanted, bounds) => {
            format!("{} of {}", of(wanted), of(bounds))
        }
        (Some(_), Some(bounds)) => {
            format!("NOT WITHIN {}, so the camera stays off", of(bounds))
        }
    }
}

fn lies_in(inner: Rect, outer: Rect) -> bool {
    let fits = |from: u32, side: u32, outer_from: u32, outer_side: u32| {
        from >= outer_from
            && u64::from(from) + u64::from(side) <= u64::from(outer_from) + u64::from(outer_side)
    };
    fits(inner.left, inner.width, outer.left, outer.width)
        && fits(inner.top, inner.height, outer.top, outer.height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_will_keep_the_camera_off_is_told() {
        let wanted = Some(Rect { left: 600, top: 0, width: 640, height: 360 });
        // wanted, bounds, what the line must say
        let table = [
            (None, None, "not possible"),
            (None, Some(Rect::of(1920, 1080)), "possible within [0, 0, 1920, 1080]"),
            (wanted, None, "stays off"),
            (wanted, Some(Rect::of(1240, 360)), "[600, 0, 640, 360] of [0, 0, 1240, 360]"),
            (wanted, Some(Rect::of(1238, 360)), "stays off"),
            (wanted, Some(Rect { left: 602, ..Rect::of(1920, 1080) }), "stays off"),
        ];
        for (wanted, bounds, said) in table {
            let line = crop(wanted, bounds);
            assert!(line.contains(said), "{wanted:?} in {bounds:?}: {line}");
        }
    }
}
