// SPDX-License-Identifier: MIT OR Apache-2.0
//! `--check-board`: what is found and what is missing, for a person.

use std::path::Path;

use gpio::board::{Board, IrCutPart, IrLampPart, Line, Part, StatusLed};
use gpio::{Input, LEDS, PWM};
use hap::setup::Category;
use media::EncoderChoice;

use crate::check::MISSING;
use crate::encoder;

/// A line for the board, one or more for each part, and how its power is switched.
pub fn lines(board: &Board, wish: &EncoderChoice) -> Vec<String> {
    let kind = match super::category(board) {
        Category::Camera => "a camera",
        Category::VideoDoorbell => "a video doorbell",
    };
    let mut out = vec![
        format!("board: {} ({})", board.id, board.name),
        format!("in Home: {kind}"),
        format!("encoder: {}", tried(&encoder::choose(wish, board), board)),
    ];
    let parts: [(Part, &str, &str, Found<'_>); 7] = [
        (Part::StatusLed, "status light", "status-led", Box::new(|| led(board))),
        (Part::PrivacySwitch, "privacy switch", "privacy-switch", Box::new(|| switch(board))),
        (Part::Button, "button", "button", Box::new(|| lines_of(&board.button))),
        (Part::Doorbell, "doorbell", "doorbell", Box::new(|| lines_of(&board.doorbell))),
        (Part::IrCut, "IR-cut filter", "ir-cut", Box::new(|| filter(board))),
        (Part::IrLamp, "IR lamp", "ir-lamp", Box::new(|| lamp(board))),
        (Part::LightSensor, "light sensor", "light-sensor", Box::new(|| sensor(board))),
    ];
    for (part, name, key, found) in parts {
        if !board.has(part) {
            out.push(format!("{name}: not in the table"));
        } else if !board.fitted.contains(&part) {
            out.push(format!(
                "{name}: in the table, not used; if it is there, add \"{key}\" to fitted \
                 under [body] in hsvd.toml"
            ));
        } else {
            out.extend(found().into_iter().map(|found| format!("{name}: {found}")));
        }
    }
    let power = board.sensor_power.as_ref().map(line);
    out.push(format!("sensor's power: {}", power.as_deref().unwrap_or("not in the table")));
    out
}

/// Looks for one part.
type Found<'a> = Box<dyn Fn() -> Vec<String> + 'a>;

/// Which one is found, and whether it codes a drawn picture.
fn tried(choice: &EncoderChoice, board: &Board) -> String {
    let found = encoder::explain(choice, &choice.look(), board);
    match media::try_encoder(choice) {
        Ok(speed) => {
            let pictures = encoder::pictures_of_1080p(speed);
            format!(
                "{found}; it coded drawn pictures, up to {pictures} of 1920x1080 a second; it works"
            )
        }
        Err(error) => format!("{found}; {MISSING}: {:#}", anyhow::Error::from(error)),
    }
}

/// Whether the privacy switch lets a camera be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// There is none, or it stands at open.
    Open,
    /// It stands at private.
    Private,
    /// It cannot be read, as while a daemon has its line.
    Unknown,
}

/// What the switch says at this moment.
pub fn sight(board: &Board) -> Sight {
    match &board.privacy_switch {
        Some(part) if board.fitted.contains(&Part::PrivacySwitch) => {
            match Input::open(&part.line, part.active).and_then(|line| line.is_active()) {
                Ok(false) => Sight::Open,
                Ok(true) => Sight::Private,
                Err(_) => Sight::Unknown,
            }
        }
        _ => Sight::Open,
    }
}

fn led(board: &Board) -> Vec<String> {
    match &board.status_led {
        Some(StatusLed::Kernel { kernel }) if Path::new(LEDS).join(kernel).is_dir() => {
            vec![format!("found, light {kernel} of the kernel")]
        }
        Some(StatusLed::Kernel { kernel }) => {
            vec![format!("{MISSING}: the kernel has no light named {kernel} (ls {LEDS})")]
        }
        Some(StatusLed::Line(one)) => vec![line(one)],
        Some(StatusLed::Colours { red, green, blue }) => [red, green, blue].map(line).to_vec(),
        None => Vec::new(),
    }
}

fn switch(board: &Board) -> Vec<String> {
    let Some(part) = &board.privacy_switch else { return Vec::new() };
    let stands = match Input::open(&part.line, part.active).and_then(|line| line.is_active()) {
        Ok(true) => "stands at private".to_owned(),
        Ok(false) => "stands at open".to_owned(),
        Err(error) => format!("CANNOT BE READ, so the camera stays off: {error}"),
    };
    vec![line(&Line { line: part.line.clone(), active: part.active }), stands]
}

fn filter(board: &Board) -> Vec<String> {
    match &board.ir_cut {
        Some(IrCutPart::Latching { day, night, pulse }) => {
            vec![line(day), line(night), format!("pulses of {} ms", pulse.as_millis())]
        }
        Some(IrCutPart::Held { night }) => vec![line(night)],
        None => Vec::new(),
    }
}

fn lamp(board: &Board) -> Vec<String> {
    match &board.ir_lamp {
        Some(IrLampPart::Line(one)) => vec![line(one)],
        Some(IrLampPart::Pwm { pwm, channel, .. }) => {
            vec![match gpio::pwm_chip(Path::new(PWM), pwm) {
                Ok(_) => format!("channel {channel} of PWM {pwm}, found"),
                Err(error) => format!("{MISSING}: {error}"),
            }]
        }
        None => Vec::new(),
    }
}

fn sensor(board: &Board) -> Vec<String> {
    let Some(part) = &board.light_sensor else { return Vec::new() };
    let lux =
        gpio::open_sensor(part.kind, &part.bus, part.address).and_then(|mut sensor| sensor.lux());
    let place = format!("{:?} on {}", part.kind, part.bus.display());
    vec![match lux {
        Ok(lux) => format!("{place}: {lux:.1} lx"),
        Err(error) => format!("{place}: {MISSING}: {:#}", anyhow::Error::from(error)),
    }]
}

fn lines_of(part: &Option<Line>) -> Vec<String> {
    part.iter().map(line).collect()
}

fn line(part: &Line) -> String {
    match gpio::found(&part.line) {
        Ok(found) => format!("{} found, {found}", part.line),
        Err(error) => format!("{MISSING}: {error} (gpioinfo shows the names)"),
    }
}
