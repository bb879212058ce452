// SPDX-License-Identifier: MIT OR Apache-2.0
//! Light sensors on I2C, set up for dusk: fine steps at a few lux, and full daylight may saturate.

use std::path::Path;
use std::time::Duration;

use bh1750::{BH1750, Resolution};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use linux_embedded_hal::{Delay, I2cdev};
use opt300x::{SlaveAddr, ic, mode};
use serde::Deserialize;

/// Which sensor it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SensorKind {
    /// ROHM BH1750, at 0x23 or 0x5c.
    Bh1750,
    /// TI OPT3001 and its kin, at 0x44 to 0x47.
    Opt300x,
    /// Vishay VEML7700, at 0x10.
    Veml7700,
}

/// Why there is no measurement.
#[derive(Debug, thiserror::Error)]
pub enum SensorError {
    /// The bus cannot be opened.
    #[error("I2C bus: {0}")]
    Bus(String),
    /// The sensor does not answer, or not as it should.
    #[error("light sensor: {0}")]
    Sensor(String),
    /// This kind of sensor has no such address.
    #[error("no {kind:?} has the address {address:#04x}")]
    Address {
        /// The kind.
        kind: SensorKind,
        /// The address.
        address: u8,
    },
}

fn sensor(error: impl std::fmt::Debug) -> SensorError {
    SensorError::Sensor(format!("{error:?}"))
}

/// Anything that measures light.
pub trait LightSensor: Send {
    /// The illuminance in lux, of a moment not longer than a second ago.
    ///
    /// # Errors
    /// [`SensorError`]
    fn lux(&mut self) -> Result<f32, SensorError>;
}

/// Opens the sensor on `bus` (`/dev/i2c-1`) and starts it. `None`: its usual address.
///
/// # Errors
/// [`SensorError`]
pub fn open(
    kind: SensorKind,
    bus: &Path,
    address: Option<u8>,
) -> Result<Box<dyn LightSensor>, SensorError> {
    let i2c = I2cdev::new(bus).map_err(|error| SensorError::Bus(error.to_string()))?;
    match kind {
        SensorKind::Bh1750 => Ok(Box::new(Bh1750::new(i2c, Delay, address)?)),
        SensorKind::Opt300x => Ok(Box::new(Opt300x::new(i2c, address)?)),
        SensorKind::Veml7700 => match address {
            None | Some(0x10) => Ok(Box::new(Veml7700::new(i2c)?)),
            Some(address) => Err(SensorError::Address { kind, address }),
        },
    }
}

/// Vishay VEML7700: gain 1/4 and 100 ms, 0.27 lx a step, up to 17,000 lx.
pub struct Veml7700<I>(veml7700::Veml7700<I>);

impl<I: I2c> Veml7700<I> {
    /// Starts it.
    ///
    /// # Errors
    /// It does not answer.
    pub fn new(i2c: I) -> Result<Self, SensorError> {
        let mut device = veml7700::Veml7700::new(i2c);
        device.set_gain(veml7700::Gain::OneQuarter).map_err(sensor)?;
        device.set_integration_time(veml7700::IntegrationTime::_100ms).map_err(sensor)?;
        device.enable().map_err(sensor)?;
        Ok(Self(device))
    }
}

impl<I: I2c + Send> LightSensor for Veml7700<I> {
    fn lux(&mut self) -> Result<f32, SensorError> {
        self.0.read_lux().map_err(sensor)
    }
}

/// ROHM BH1750: half a lux a step, up to 27,000 lx.
pub struct Bh1750<I, D>(BH1750<I, D>);

impl<I: I2c, D: DelayNs> Bh1750<I, D> {
    /// Starts it and waits for the first measurement.
    ///
    /// # Errors
    /// It does not answer.
    pub fn new(i2c: I, mut delay: D, address: Option<u8>) -> Result<Self, SensorError> {
        let address = address.unwrap_or(0x23);
        if ![0x23, 0x5c].contains(&address) {
            return Err(SensorError::Address { kind: SensorKind::Bh1750, address });
        }
        delay.delay_ms(1);
        let mut device = BH1750::new_custom_address(i2c, delay, address);
        device.start_continuous_measurement(Resolution::High2).map_err(sensor)?;
        std::thread::sleep(FIRST_BH1750);
        Ok(Self(device))
    }
}

/// The longest time of a measurement by its data sheet.
const FIRST_BH1750: Duration = Duration::from_millis(180);

impl<I: I2c + Send, D: DelayNs + Send> LightSensor for Bh1750<I, D> {
    fn lux(&mut self) -> Result<f32, SensorError> {
        self.0.get_current_measurement(Resolution::High2).map_err(sensor)
    }
}

/// TI OPT3001 and its kin: 0.01 lx a step, range chosen by itself.
pub struct Opt300x<I>(opt300x::Opt300x<I, ic::Opt3001, mode::Continuous>);

impl<I: I2c> Opt300x<I> {
    /// Starts it.
    ///
    /// # Errors
    /// It does not answer.
    pub fn new(i2c: I, address: Option<u8>) -> Result<Self, SensorError> {
        let address = address.unwrap_or(0x44);
        if !(0x44..=0x47).contains(&address) {
            return Err(SensorError::Address { kind: SensorKind::Opt300x, address });
        }
        let pins = SlaveAddr::Alternative(address & 2 != 0, address & 1 != 0);
        let device = opt300x::Opt300x::new_opt3001(i2c, pins);
        device.into_continuous().map(Self).map_err(|error| match error {
            opt300x::ModeChangeError::I2C(error, _) => sensor(error),
        })
    }
}

impl<I: I2c + Send> LightSensor for Opt300x<I> {
    fn lux(&mut self) -> Result<f32, SensorError> {
        self.0.read_lux().map_err(sensor)
    }
}

#[cfg(test)]
mod tests {
    use embedded_hal::i2c::ErrorKind;
    use embedded_hal_mock::eh1::delay::NoopDelay;
    use embedded_hal_mock::eh1::i2c::{Mock, Transaction};

    use super::*;

    #[test]
    fn a_veml7700_tells_lux() {
        let mut bus = Mock::new(&[
            Transaction::write(0x10, vec![0x00, 0x01, 0x18]), // gain 1/4, shut down
            Transaction::write(0x10, vec![0x00, 0x01, 0x18]), // 100 ms
            Transaction::write(0x10, vec![0x00, 0x00, 0x18]), // on
            Transaction::write_read(0x10, vec![0x04], vec![0x64, 0x00]),
        ]);
        let mut sensor = Veml7700::new(bus.clone()).unwrap();
        assert!((sensor.lux().unwrap() - 100.0 * 0.2688).abs() < 0.01);
        bus.done();
    }

    #[test]
    fn a_bh1750_tells_lux() {
        let mut bus = Mock::new(&[
            Transaction::write(0x5c, vec![0x11]),
            Transaction::read(0x5c, vec![0x00, 0x0c]),
        ]);
        let mut sensor = Bh1750::new(bus.clone(), NoopDelay::new(), Some(0x5c)).unwrap();
        assert!((sensor.lux().unwrap() - 5.0).abs() < 0.01);
        bus.done();
    }

    #[test]
    fn an_opt3001_tells_lux() {
        let mut bus = Mock::new(&[
            Transaction::write(0x45, vec![0x01, 0xce, 0x10]), // range by itself, 800 ms, continuous
            Transaction::write_read(0x45, vec![0x00], vec![0x10, 0xfa]),
        ]);
        let mut sensor = Opt300x::new(bus.clone(), Some(0x45)).unwrap();
        assert!((sensor.lux().unwrap() - 5.0).abs() < 0.01, "250 times 0.02 lx");
        bus.done();
    }

    #[test]
    fn a_silent_sensor_is_an_error() {
        let no_answer = ErrorKind::NoAcknowledge(embedded_hal::i2c::NoAcknowledgeSource::Address);
        let mut bus = Mock::new(&[Transaction::write(0x23, vec![0x11]).with_error(no_answer)]);
        assert!(matches!(
            Bh1750::new(bus.clone(), NoopDelay::new(), None),
            Err(SensorError::Sensor(_))
        ));
        bus.done();
    }

    #[test]
    fn wrong_addresses_are_refused() {
        let mut bus = Mock::new(&[]);
        assert!(Bh1750::new(bus.clone(), NoopDelay::new(), Some(0x24)).is_err());
        assert!(Opt300x::new(bus.clone(), Some(0x48)).is_err());
        bus.done();
    }
}
