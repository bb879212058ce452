// SPDX-License-Identifier: MIT OR Apache-2.0
//! One table. A key that is not here is refused; so is a value that no board can have.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Error, IgnoredAny};

use crate::ircut::LONGEST_PULSE;
use crate::pin::Level;
use crate::sensor::SensorKind;

/// What a board has. Of its parts, only those that are fitted are used: a switch that is not
/// there would read as anything.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Board {
    /// Always 1.
    schema: Schema,
    /// The folder's name.
    pub id: String,
    /// For people.
    pub name: String,
    /// Any of these in the device tree selects the table.
    pub compatible: Vec<String>,
    /// The parts that are used unless the owner says otherwise.
    #[serde(default)]
    pub fitted: Vec<Part>,
    /// The H.264 encoder; without it nobody knows, and what is found is used.
    pub encoder: Option<Encoder>,
    /// The scaler, where the board has one that was chosen.
    pub scaler: Option<Scaler>,
    /// The status light.
    pub status_led: Option<StatusLed>,
    /// Shuts the camera off.
    pub privacy_switch: Option<PrivacySwitch>,
    /// Pressed for a purpose.
    pub button: Option<Button>,
    /// The bell's push. Fitted, it makes the camera a doorbell.
    pub doorbell: Option<Doorbell>,
    /// The IR-cut filter.
    pub ir_cut: Option<IrCutPart>,
    /// The IR lamp.
    pub ir_lamp: Option<IrLampPart>,
    /// Measures the light. Without it the picture does.
    pub light_sensor: Option<LightSensorPart>,
    /// Gives the sensor its power or its clock: active only while pictures may be taken. Always
    /// used where it is described.
    pub sensor_power: Option<Line>,
    /// How the board starts; `scripts/board` checks it, no program on the board needs it.
    #[serde(default)]
    boot: IgnoredAny,
    /// What its card holds; as `boot`.
    #[serde(default)]
    disk: IgnoredAny,
}

impl Board {
    /// Reads a table.
    ///
    /// # Errors
    /// With line and column.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let board: Self = toml::from_str(text)?;
        let is_there = |part: &Part| board.has(*part);
        match board.fitted.iter().find(|part| !is_there(part)) {
            Some(part) => Err(Error::custom(format!("{part:?} is fitted and not described"))),
            None => Ok(board),
        }
    }

    /// A machine of which nothing is known.
    pub fn bare() -> Self {
        Self {
            schema: Schema,
            id: super::HOST.to_owned(),
            name: "a computer without a board table".to_owned(),
            compatible: Vec::new(),
            fitted: Vec::new(),
            encoder: None,
            scaler: None,
            status_led: None,
            privacy_switch: None,
            button: None,
            doorbell: None,
            ir_cut: None,
            ir_lamp: None,
            light_sensor: None,
            sensor_power: None,
            boot: IgnoredAny,
            disk: IgnoredAny,
        }
    }

    /// The table describes `part`.
    pub fn has(&self, part: Part) -> bool {
        match part {
            Part::StatusLed => self.status_led.is_some(),
            Part::PrivacySwitch => self.privacy_switch.is_some(),
            Part::Button => self.button.is_some(),
            Part::Doorbell => self.doorbell.is_some(),
            Part::IrCut => self.ir_cut.is_some(),
            Part::IrLamp => self.ir_lamp.is_some(),
            Part::LightSensor => self.light_sensor.is_some(),
        }
    }
}

/// The only schema so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
struct Schema;

impl TryFrom<u32> for Schema {
    type Error = &'static str;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        if number == 1 { Ok(Self) } else { Err("this program knows schema 1 only") }
    }
}

/// A part of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// `[status-led]`
    StatusLed,
    /// `[privacy-switch]`
    PrivacySwitch,
    /// `[button]`
    Button,
    /// `[doorbell]`
    Doorbell,
    /// `[ir-cut]`
    IrCut,
    /// `[ir-lamp]`
    IrLamp,
    /// `[light-sensor]`
    LightSensor,
}

/// `[encoder]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Encoder {
    /// Which kind.
    pub kind: EncoderKind,
}

/// The H.264 encoder of a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EncoderKind {
    /// None in the chip: software.
    Openh264,
    /// Rockchip's, by librockchip_mpp and the vendor's kernel.
    Rkmpp,
    /// A stateful V4L2 M2M encoder.
    V4l2M2m,
}

/// `[scaler]`: what makes small pictures of large ones.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scaler {
    /// Driver, name or place of a V4L2 memory-to-memory device.
    pub name: String,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Line {
    /// Its name in the device tree.
    pub line: String,
    /// The voltage that means active.
    #[serde(default)]
    pub active: Level,
}

/// `[status-led]`: a light of the kernel, or lines.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all_fields = "kebab-case", untagged)]
pub enum StatusLed {
    /// A light of the kernel's LED class.
    Kernel {
        /// Its name in `/sys/class/leds`.
        kernel: String,
    },
    /// One line.
    Line(Line),
    /// Three lines, one for each colour.
    Colours {
        /// Red.
        red: Line,
        /// Green.
        green: Line,
        /// Blue.
        blue: Line,
    },
}

/// `[privacy-switch]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PrivacySwitch {
    /// Active means private.
    pub line: String,
    /// The voltage that means active.
    #[serde(default)]
    pub active: Level,
    /// So long the line must rest before the camera opens again, 1 to 1000 ms.
    #[serde(default = "debounce", deserialize_with = "debounce_ms", rename = "debounce-ms")]
    pub debounce: Duration,
}

const fn debounce() -> Duration {
    Duration::from_millis(20)
}

fn debounce_ms<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    within(u64::deserialize(from)?, 1, 1000)
}

fn within<E: Error>(ms: u64, least: u64, most: u64) -> Result<Duration, E> {
    if (least..=most).contains(&ms) {
        Ok(Duration::from_millis(ms))
    } else {
        Err(E::custom(format!("must be {least} to {most} ms")))
    }
}

/// `[button]`
pub type Button = Line;

/// `[doorbell]`
pub type Doorbell = Line;

/// `[ir-cut]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    deny_unknown_fields,
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    tag = "kind"
)]
pub enum IrCutPart {
    /// Moved by pulses.
    Latching {
        /// Moves the filter in.
        day: Line,
        /// Moves it out.
        night: Line,
        /// The pulse's length, 5 to 500 ms.
        #[serde(deserialize_with = "pulse_ms", rename = "pulse-ms")]
        pulse: Duration,
    },
    /// Out while driven.
    Held {
        /// Holds the filter out.
        night: Line,
    },
}

fn pulse_ms<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let longest = u64::try_from(LONGEST_PULSE.as_millis()).unwrap_or(u64::MAX);
    within(u64::deserialize(from)?, 5, longest)
}

/// `[ir-lamp]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all_fields = "kebab-case", untagged)]
pub enum IrLampPart {
    /// On or off.
    Line(Line),
    /// Dimmed.
    Pwm {
        /// The name of the PWM's device.
        pwm: String,
        /// Its channel.
        channel: u32,
        /// In microseconds.
        period_us: u32,
        /// On for so much of the period, 1 to 100.
        percent: u8,
    },
}

/// `[light-sensor]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LightSensorPart {
    /// Which one.
    pub kind: SensorKind,
    /// Its bus, such as `/dev/i2c-1`; the device tree's aliases keep these numbers.
    pub bus: PathBuf,
    /// Its address, if it is not the usual one.
    pub address: Option<u8>,
    /// It is where the IR lamp's light falls back on it.
    #[serde(default)]
    pub sees_lamp: bool,
    /// When it is night and when day; depends on the glass before it.
    pub limits: Option<LightLimits>,
}

/// Limits in lux.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", try_from = "RawLimits")]
pub struct LightLimits {
    /// Below it is dark.
    pub night_below: f32,
    /// Above it is bright; more than `night_below`.
    pub day_above: f32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawLimits {
    night_below: f32,
    day_above: f32,
}

impl TryFrom<RawLimits> for LightLimits {
    type Error = &'static str;

    fn try_from(raw: RawLimits) -> Result<Self, Self::Error> {
        if raw.night_below > 0.0 && raw.day_above > raw.night_below && raw.day_above.is_finite() {
            Ok(Self { night_below: raw.night_below, day_above: raw.day_above })
        } else {
            Err("day-above must be more than night-below, and that more than 0")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = include_str!("../../tests/data/full.toml");

    #[test]
    fn every_part_is_read() {
        let board = Board::parse(FULL).unwrap();
        assert_eq!(board.encoder.unwrap().kind, EncoderKind::V4l2M2m);
        assert_eq!(board.fitted.len(), 7);
        assert_eq!(board.doorbell.unwrap().line, "BELL");
        assert_eq!(board.scaler.unwrap().name, "bcm2835-codec-isp");
        assert_eq!(board.privacy_switch.unwrap().debounce, Duration::from_millis(30));
        assert!(matches!(board.ir_cut, Some(IrCutPart::Latching { .. })));
        assert!(matches!(board.ir_lamp, Some(IrLampPart::Pwm { percent: 80, .. })));
        assert!(matches!(board.status_led, Some(StatusLed::Colours { .. })));
        assert_eq!(board.light_sensor.unwrap().address, Some(0x10));
        assert_eq!(board.sensor_power.unwrap().line, "CAM_EN");
    }

    #[test]
    fn what_is_not_allowed_is_refused() {
        let head = "schema = 1\nid = 'x'\nname = 'X'\ncompatible = []\n";
        assert_eq!(Board::parse(head).unwrap().encoder, None);
        let table = [
            ("colour = 'red'", "unknown field"),
            ("fitted = ['horn']", "horn"),
            ("fitted = ['button']", "not described"),
            ("[encoder]\nkind = 'magic'", "magic"),
            ("[encoder]", "kind"),
            ("[scaler]\nkind = 'rga'", "unknown field"),
            ("[scaler]", "name"),
            ("[button]\nline = 'KEY'\nactiv = 'low'", "unknown field"),
            ("[button]\nline = 'KEY'\nactive = 'down'", "down"),
            ("[privacy-switch]\nline = 'SW'\ndebounce-ms = 0", "1 to 1000"),
            ("[ir-cut]\nkind = 'held'", "night"),
            (
                "[ir-cut]\nkind = 'latching'\nday = { line = 'A' }\nnight = { line = 'B' }\npulse-ms = 501",
                "5 to 500",
            ),
            ("[ir-cut]\nkind = 'magnetic'", "magnetic"),
            ("[ir-lamp]\nline = 'IR'\nlevel = 3", "IrLampPart"),
            (
                "[light-sensor]\nkind = 'bh1750'\nbus = '/dev/i2c-1'\nlimits = { night-below = 5, day-above = 5 }",
                "more than",
            ),
        ];
        for (text, named) in table {
            let error = Board::parse(&format!("{head}{text}\n")).expect_err(text).to_string();
            assert!(error.contains(named), "{text:?} gives {error:?}");
        }
        assert!(Board::parse(&head.replace("schema = 1", "schema = 2")).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}", at in 0usize..600) {
            let _refused_or_read = Board::parse(&text).is_ok();
            let cut = FULL.get(..at).unwrap_or(FULL);
            let _refused_or_read = Board::parse(cut).is_ok();
        }
    }
}
