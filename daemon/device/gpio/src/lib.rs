// SPDX-License-Identifier: MIT OR Apache-2.0
//! Board tables, and the parts they name: GPIO lines, lights, the IR-cut filter, light sensors.
//!
//! ```text
//!  board.toml ─► Board ─┬─► Lines ─► Input (edges) , Output          character device, by name
//!                       ├─► Light          kernel LED class or lines
//!                       ├─► IrLamp         line or PWM
//!                       ├─► IrCut ◄─ guard thread ends every pulse
//!                       └─► LightSensor    I2C
//! ```
//! Nothing here decides when: it is told, and does. Drivers are generic over `embedded-hal`, so they
//! are tested without hardware. Lines are found by the name that the device tree gives them; numbers
//! move between kernels.

#![forbid(unsafe_code)]

pub mod board;
mod edges;
mod ircut;
mod lamp;
mod led;
mod line;
mod pin;
mod sensor;

pub use edges::{Edges, Event, Watched};
pub use ircut::{Coil, FilterPosition, IrCut, LONGEST_PULSE};
pub use lamp::{IrLamp, LampError, PWM, Pwm, pwm_chip};
pub use led::{KernelLed, LEDS, LedError};
pub use line::{Input, LineError, Output, find, found};
pub use pin::{ActivePin, Level};
pub use sensor::{
    Bh1750, LightSensor, Opt300x, SensorError, SensorKind, Veml7700, open as open_sensor,
};
