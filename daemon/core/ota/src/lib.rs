// SPDX-License-Identifier: MIT OR Apache-2.0
//! The rules of updates. Times come in as arguments, what is to be done goes out as values; RAUC, files, hooks and
//! the camera itself are elsewhere (`hsv-update`).
//!
//! | Module | Decides |
//! |---|---|
//! | [`bundle`] | whether a bundle is taken at all |
//! | [`window`] | when the camera is quiet enough for it |
//! | [`trial`] | what a start means: a new system on trial, one that came back, an ordinary one |
//! | [`gate`] | whether the new system is kept |
//! | [`hooks`] | when programs of the owner and of the image run, and what their failure means |
//! | [`offer`] | whether a published bundle is for this camera, and when it may come by itself |
//! | [`image`] | what a system says of itself |
//!
//! ```text
//!  bundle ─► window ─► (RAUC writes the other slot) ─► window ─► reboot ─► trial ─► gate ─► kept
//!                                                                             │       └──► given back
//!                                                                             └─► came back by itself
//! ```

#![forbid(unsafe_code)]

pub mod bundle;
pub mod gate;
pub mod hooks;
pub mod image;
pub mod offer;
pub mod trial;
pub mod window;

/// One of the two systems on the card, by RAUC's bootname.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Slot {
    /// The first.
    A,
    /// The second.
    B,
}

impl Slot {
    /// By its bootname; `None` of any other.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "A" => Some(Self::A),
            "B" => Some(Self::B),
            _ => None,
        }
    }

    /// As the kernel's command line says it (`rauc.slot=`).
    #[must_use]
    pub fn of_command_line(line: &str) -> Option<Self> {
        line.split_ascii_whitespace().find_map(|word| Self::parse(word.strip_prefix("rauc.slot=")?))
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// Its bootname.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_says_which_slot() {
        let table = [
            ("root=PARTLABEL=root-a ro rauc.slot=A quiet", Some(Slot::A)),
            ("rauc.slot=B", Some(Slot::B)),
            ("rauc.slot=C rauc.slot=", None),
            ("xrauc.slot=A", None),
            ("", None),
        ];
        for (line, slot) in table {
            assert_eq!(Slot::of_command_line(line), slot, "{line}");
        }
    }
}
