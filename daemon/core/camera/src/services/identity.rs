// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who the camera is: the texts of AccessoryInformation, checked once so that no home refuses them.

/// Longest text in bytes, the `maxLen` of a string characteristic.
const MAX_TEXT_BYTES: usize = 64;
/// Shortest serial number in characters.
const MIN_SERIAL_CHARS: usize = 2;

/// The texts as they stand in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// Name as first shown in the Home app.
    pub name: String,
    /// Who made it.
    pub manufacturer: String,
    /// Which model it is.
    pub model: String,
    /// At least two characters.
    pub serial: String,
    /// `x[.y[.z]]`, digits only.
    pub firmware: String,
}

/// Texts that every home accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity(Labels);

/// Which text cannot be published, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Empty, longer than 64 bytes, or with control characters.
    #[error("{0} must have 1 to 64 bytes and no control characters")]
    Text(&'static str),
    /// The Home app answers other names with "no response" or refuses to add the camera.
    #[error(
        "the name must begin and end with a letter or digit and hold only letters, digits, \
         spaces, apostrophes, commas, dots and hyphens"
    )]
    Name,
    /// Too short.
    #[error("the serial number must have at least two characters")]
    Serial,
    /// Not `x[.y[.z]]`.
    #[error("the firmware revision must be x, x.y or x.y.z in digits")]
    Firmware,
}

impl Identity {
    /// Checks the texts.
    ///
    /// # Errors
    /// [`Error`] names the first text that homes would refuse.
    pub fn new(labels: Labels) -> Result<Self, Error> {
        for (what, text) in [
            ("the name", &labels.name),
            ("the manufacturer", &labels.manufacturer),
            ("the model", &labels.model),
            ("the serial number", &labels.serial),
            ("the firmware revision", &labels.firmware),
        ] {
            let is_fit = (1..=MAX_TEXT_BYTES).contains(&text.len());
            if !is_fit || text.chars().any(char::is_control) {
                return Err(Error::Text(what));
            }
        }
        if !is_name(&labels.name) {
            return Err(Error::Name);
        }
        if labels.serial.chars().count() < MIN_SERIAL_CHARS {
            return Err(Error::Serial);
        }
        if !is_firmware(&labels.firmware) {
            return Err(Error::Firmware);
        }
        Ok(Self(labels))
    }

    /// The checked texts.
    pub fn labels(&self) -> &Labels {
        &self.0
    }
}

fn is_name(name: &str) -> bool {
    let is_edge = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    is_edge(name.chars().next())
        && is_edge(name.chars().next_back())
        && name.chars().all(|c| c.is_alphanumeric() || " '’,.-".contains(c))
}

fn is_firmware(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() <= 3
        && parts.iter().all(|part| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_digit())
                && part.parse::<u32>().is_ok()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Labels {
        Labels {
            name: "Front Door".into(),
            manufacturer: "hsvd".into(),
            model: "Example Zero".into(),
            serial: "A1".into(),
            firmware: "0.1.0".into(),
        }
    }

    #[test]
    fn names_that_homes_refuse_are_refused_here() {
        for name in ["Garden", "Kid's room", "Haus 2", "Büro", "Nr. 7", "A"] {
            assert!(Identity::new(Labels { name: name.into(), ..labels() }).is_ok(), "{name}");
        }
        for name in [" Garden", "Garden ", "Gar(den)", "Cam🎥", "a_b", "'a", "a."] {
            let made = Identity::new(Labels { name: name.into(), ..labels() });
            assert_eq!(made, Err(Error::Name), "{name}");
        }
    }

    #[test]
    fn lengths_and_revisions_are_checked() {
        let long = "x".repeat(65);
        let table = [
            (Labels { model: String::new(), ..labels() }, Error::Text("the model")),
            (Labels { model: long, ..labels() }, Error::Text("the model")),
            (Labels { model: "a\nb".into(), ..labels() }, Error::Text("the model")),
            (Labels { serial: "7".into(), ..labels() }, Error::Serial),
            (Labels { firmware: "1.0-rc1".into(), ..labels() }, Error::Firmware),
            (Labels { firmware: "1.2.3.4".into(), ..labels() }, Error::Firmware),
            (Labels { firmware: "1..2".into(), ..labels() }, Error::Firmware),
            (Labels { firmware: "v1".into(), ..labels() }, Error::Firmware),
        ];
        for (labels, error) in table {
            assert_eq!(Identity::new(labels.clone()), Err(error), "{labels:?}");
        }
        for firmware in ["1", "1.2", "10.20.30"] {
            assert!(Identity::new(Labels { firmware: firmware.into(), ..labels() }).is_ok());
        }
    }
}
