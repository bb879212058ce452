// SPDX-License-Identifier: MIT OR Apache-2.0
//! What goes wrong, in plain words: whose fault it is and what to do. One function turns every
//! error into that, and into the exit status.

use std::io;
use std::process::ExitCode;

use zbus::DBusError;

use crate::bus::Address;

/// What a user is told.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{text}")]
pub struct Fault {
    /// Its kind.
    pub word: Word,
    /// What is so.
    pub text: String,
    /// What to do; empty where nothing can be said.
    pub advice: String,
}

/// The kinds, by the words that scripts see. Words may be added, none are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Anything else.
    Failed,
    /// A file, a disk, a terminal of this machine.
    File,
    /// The camera said no with the contract's error of this name.
    Camera(&'static str),
    /// The bus's policy.
    NotAllowed,
    /// The camera's program does not know what was asked.
    TooOld,
    /// Wrong use.
    Usage,
    /// The camera's program does not answer.
    NoAnswer,
    /// There is no bus.
    NoBus,
    /// The camera's program is not on the bus.
    NotRunning,
}

impl Word {
    /// For scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::File => "file",
            Self::Camera(word) => word,
            Self::NotAllowed => "not-allowed",
            Self::TooOld => "too-old",
            Self::Usage => "usage",
            Self::NoAnswer => "no-answer",
            Self::NoBus => "no-bus",
            Self::NotRunning => "not-running",
        }
    }

    /// 1 refused, 2 wrong use, 3 not there.
    pub fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Usage => 2,
            Self::NoAnswer | Self::NoBus | Self::NotRunning => 3,
            _ => 1,
        })
    }
}

impl Fault {
    /// Without advice.
    pub fn new(word: Word, text: impl Into<String>) -> Self {
        Self { word, text: text.into(), advice: String::new() }
    }

    /// The same with advice.
    #[must_use]
    pub fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: advice.into(), ..self }
    }

    /// Nobody has the camera's name.
    pub fn not_running() -> Self {
        Self::new(Word::NotRunning, "the camera's program is not running")
            .advise("start it with systemctl start hsvd; if it ends again, hsvctl logs says why")
    }

    /// It has the name and says nothing.
    pub fn no_answer() -> Self {
        Self::new(Word::NoAnswer, "the camera's program does not answer")
            .advise("systemctl restart hsvd starts it anew; hsvctl logs says what it did")
    }

    /// The bus cannot be reached.
    pub fn no_bus(at: &Address, why: &str) -> Self {
        let fault = Self::new(Word::NoBus, format!("{} cannot be reached: {why}", at.words()));
        match at {
            Address::System => fault.advise("is dbus installed and running? systemctl status dbus"),
            Address::Session => fault.advise(
                "DBUS_SESSION_BUS_ADDRESS says where it is; a camera that runs as a service is on \
                 --bus system",
            ),
            Address::Other(_) => fault.advise("see --bus, or the variable HSV_BUS"),
        }
    }

    /// Of any error.
    pub fn of(error: &anyhow::Error) -> Self {
        for cause in error.chain() {
            if let Some(fault) = cause.downcast_ref::<Self>() {
                return fault.clone();
            }
            if let Some(error) = cause.downcast_ref::<control::Error>() {
                return of_camera(error);
            }
            if let Some(error) = cause.downcast_ref::<zbus::Error>() {
                return of_bus(error);
            }
            if let Some(error) = cause.downcast_ref::<zbus::fdo::Error>() {
                return of_bus(&zbus::Error::FDO(Box::new(error.clone())));
            }
            if cause.is::<io::Error>() {
                return Self::new(Word::File, format!("{error:#}"));
            }
        }
        Self::new(Word::Failed, format!("{error:#}"))
    }
}

fn of_camera(error: &control::Error) -> Fault {
    use control::Error;
    let (word, text, advice) = match error {
        Error::Bus(error) => return of_bus(error),
        Error::NotPermitted(text) => {
            ("not-permitted", text, "hsvctl status says what the camera may do now")
        }
        Error::InvalidArgument(text) => ("invalid-argument", text, ""),
        Error::InvalidSetting(text) => ("invalid-setting", text, "hsvctl settings lists them all"),
        Error::UnknownController(text) => {
            ("unknown-controller", text, "hsvctl pairing list says who is paired")
        }
        Error::Busy(text) => ("busy", text, "try again in a moment"),
        Error::StoreFailed(text) => {
            ("store-failed", text, "is the camera's disk full, or failing? hsvctl doctor looks")
        }
        Error::NoPicture(text) => ("no-picture", text, "hsvctl doctor looks at the sensor"),
        Error::Refused(text) => ("refused", text, ""),
    };
    Fault::new(Word::Camera(word), text.as_str()).advise(advice)
}

/// What the bus says for the camera, or of it.
fn of_bus(error: &zbus::Error) -> Fault {
    use zbus::Error;
    match error {
        Error::MethodError(name, text, _) => named(name, text.as_deref().unwrap_or_default()),
        Error::FDO(error) => match &**error {
            zbus::fdo::Error::ZBus(error) => of_bus(error),
            error => named(&error.name(), error.description().unwrap_or_default()),
        },
        Error::InputOutput(error) if error.kind() == io::ErrorKind::TimedOut => Fault::no_answer(),
        Error::InputOutput(error) => Fault::new(Word::NoBus, format!("the bus went away: {error}")),
        error => Fault::new(Word::Failed, format!("the bus: {error}")),
    }
}

fn named(name: &str, text: &str) -> Fault {
    if let Some(name) = name.strip_prefix("org.hsvcam.Error.") {
        return of_camera(&match name {
            "NotPermitted" => control::Error::NotPermitted(text.to_owned()),
            "InvalidArgument" => control::Error::InvalidArgument(text.to_owned()),
            "InvalidSetting" => control::Error::InvalidSetting(text.to_owned()),
            "UnknownController" => control::Error::UnknownController(text.to_owned()),
            "Busy" => control::Error::Busy(text.to_owned()),
            "StoreFailed" => control::Error::StoreFailed(text.to_owned()),
            "NoPicture" => control::Error::NoPicture(text.to_owned()),
            "Refused" => control::Error::Refused(text.to_owned()),
            _ => return Fault::new(Word::Failed, text),
        });
    }
    match name.strip_prefix("org.freedesktop.DBus.Error.").unwrap_or(name) {
        "ServiceUnknown" | "NameHasNoOwner" => Fault::not_running(),
        "NoReply" | "Timeout" | "TimedOut" | "Disconnected" => Fault::no_answer(),
        "AccessDenied" => Fault::new(Word::NotAllowed, "you may not do this on this camera")
            .advise("use sudo; the groups hsv and hsv-admin may do some of it without"),
        "UnknownMethod" | "UnknownInterface" | "UnknownProperty" | "UnknownObject" => {
            Fault::new(Word::TooOld, format!("the camera's program does not know this: {text}"))
                .advise("it is older than this hsvctl, or still starting")
        }
        _ => Fault::new(Word::Failed, text),
    }
}
