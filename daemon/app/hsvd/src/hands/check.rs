// SPDX-License-Identifier: MIT OR Apache-2.0
//! `--check-board`: what is found and what is missing, for a person.

use std::path::Path;

use gpio::board::{Board, IrCutPart, IrLampPart, Line, Part, StatusLed};
use gpio::{Input, LEDS};

/// One line for the board, and one or more for each part.
pub fn lines(board: &Board) -> Vec<String> {
    let mut out = vec![format!("board: {} ({})", board.id, board.name)];
    out.push(format!("encoder: {:?}, by the table", board.encoder.kind));
    let mut say = |part: Part, name: &str, found: Vec<String>| {
        if !board.has(part) {
            out.push(format!("{name}: not in the table"));
        } else if !board.fitted.contains(&part) {
            out.push(format!("{name}: in the table, not fitted"));
        } else {
            out.extend(found.into_iter().map(|found| format!("{name}: {found}")));
        }
    };
    let led = board.status_led.as_ref().map_or_else(Vec::new, led);
    say(Part::StatusLed, "status light", led);
    let switch = board.privacy_switch.as_ref().map_or_else(Vec::new, |part| {
        let stands = match Input::open(&part.line, part.active).and_then(|line| line.is_active()) {
            Ok(true) => "stands at private".to_owned(),
            Ok(false) => "stands at open".to_owned(),
            Err(error) => format!("CANNOT BE READ, so the camera stays off: {error}"),
        };
        vec![line(&Line { line: part.line.clone(), active: part.active }), stands]
    });
    say(Part::PrivacySwitch, "privacy switch", switch);
    say(Part::Button, "button", board.button.iter().map(line).collect());
    let filter = match &board.ir_cut {
        Some(IrCutPart::Latching { day, night, pulse }) => {
            vec![line(day), line(night), format!("pulses of {} ms", pulse.as_millis())]
        }
        Some(IrCutPart::Held { night }) => vec![line(night)],
        None => Vec::new(),
    };
    say(Part::IrCut, "IR-cut filter", filter);
    let lamp = match &board.ir_lamp {
        Some(IrLampPart::Line(one)) => vec![line(one)],
        Some(IrLampPart::Pwm { pwm, channel, .. }) => {
            vec![format!("channel {channel} of PWM {pwm} (not looked for)")]
        }
        None => Vec::new(),
    };
    say(Part::IrLamp, "IR lamp", lamp);
    let sensor = board.light_sensor.as_ref().map_or_else(Vec::new, |part| {
        let lux = gpio::open_sensor(part.kind, &part.bus, part.address)
            .and_then(|mut sensor| sensor.lux());
        vec![match lux {
            Ok(lux) => format!("{:?} on {}: {lux:.1} lx", part.kind, part.bus.display()),
            Err(error) => format!("{:?} on {}: MISSING: {error}", part.kind, part.bus.display()),
        }]
    });
    say(Part::LightSensor, "light sensor", sensor);
    let power = board.sensor_power.as_ref().map(line);
    out.push(format!("sensor's power: {}", power.as_deref().unwrap_or("not in the table")));
    out
}

fn led(led: &StatusLed) -> Vec<String> {
    match led {
        StatusLed::Kernel { kernel } if Path::new(LEDS).join(kernel).is_dir() => {
            vec![format!("found, light {kernel} of the kernel")]
        }
        StatusLed::Kernel { kernel } => {
            vec![format!("MISSING: the kernel has no light named {kernel}")]
        }
        StatusLed::Line(one) => vec![line(one)],
        StatusLed::Colours { red, green, blue } => [red, green, blue].map(line).to_vec(),
    }
}

fn line(part: &Line) -> String {
    match gpio::found(&part.line) {
        Ok(found) => format!("{} found, {found}", part.line),
        Err(error) => format!("MISSING: {error}"),
    }
}
