// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether a bundle is taken. Its signature was checked by RAUC before anything here is asked.

use semver::Version;

use crate::offer::Offer;

/// What a bundle says of itself (RAUC's manifest).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// `[update] compatible`: which board it is for.
    pub compatible: String,
    /// `[update] version`, x.y.z.
    pub version: String,
    /// `[meta.hsv] state-schema`: the form of the state files that it writes; none where it does not say so.
    pub state_schema: Option<u32>,
    /// Of its manifest. RAUC installs exactly this one, whatever lies at the same place by then.
    pub hash: String,
    /// `[meta.hsv]`, for cameras that poll.
    pub offer: Offer,
}

/// What runs now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Here {
    /// RAUC's compatible.
    pub compatible: String,
    /// Of the running image.
    pub version: Version,
    /// The newest form of the state files that it can read. It is what the camera falls back to.
    pub readable_schema: u32,
}

/// What the caller allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wish {
    /// An older version may be installed, and the same one again.
    pub older: bool,
}

/// Why a bundle is not taken; in an owner's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// For another board.
    #[error("the bundle is for {theirs}, and this camera is {ours}")]
    OtherBoard {
        /// The bundle's compatible.
        theirs: String,
        /// Ours.
        ours: String,
    },
    /// Its version is no x.y.z.
    #[error("the bundle's version '{0}' is not of the form x.y.z")]
    NoVersion(String),
    /// It is what runs.
    #[error("version {0} is installed already")]
    Same(Version),
    /// It is older than what runs.
    #[error(
        "version {theirs} is older than {ours}, which is installed; add --older if that is meant"
    )]
    Older {
        /// The bundle's.
        theirs: Version,
        /// Ours.
        ours: Version,
    },
    /// It does not say what it does to the state files.
    #[error(
        "the bundle does not say in which form it keeps the camera's state, so there would be no way back"
    )]
    NoSchema,
    /// After a rollback the pairing could not be read.
    #[error(
        "the bundle keeps the camera's state in form {theirs}, and the system that it would fall back to reads no form \
         after {ours}: install a version between the two first"
    )]
    NoWayBack {
        /// What the bundle writes.
        theirs: u32,
        /// What we read.
        ours: u32,
    },
}

/// The bundle's version, if it may be installed.
///
/// # Errors
/// Why it may not.
pub fn admit(bundle: &Bundle, here: &Here, wish: Wish) -> Result<Version, Refusal> {
    if bundle.compatible != here.compatible {
        let (theirs, ours) = (bundle.compatible.clone(), here.compatible.clone());
        return Err(Refusal::OtherBoard { theirs, ours });
    }
    let version =
        Version::parse(&bundle.version).map_err(|_| Refusal::NoVersion(bundle.version.clone()))?;
    match bundle.state_schema {
        None => return Err(Refusal::NoSchema),
        Some(theirs) if theirs > here.readable_schema => {
            return Err(Refusal::NoWayBack { theirs, ours: here.readable_schema });
        }
        Some(_) => {}
    }
    match version.cmp_precedence(&here.version) {
        _ if wish.older => Ok(version),
        std::cmp::Ordering::Greater => Ok(version),
        std::cmp::Ordering::Equal => Err(Refusal::Same(version)),
        std::cmp::Ordering::Less => {
            Err(Refusal::Older { theirs: version, ours: here.version.clone() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> Here {
        Here {
            compatible: "hsv-rock-3a".into(),
            version: Version::new(1, 2, 3),
            readable_schema: 2,
        }
    }

    fn bundle(version: &str) -> Bundle {
        Bundle {
            compatible: "hsv-rock-3a".into(),
            version: version.into(),
            state_schema: Some(2),
            hash: "00".into(),
            offer: Offer::default(),
        }
    }

    #[test]
    fn a_newer_one_for_this_board_is_taken() {
        for version in ["1.2.4", "1.3.0", "2.0.0", "1.10.0"] {
            assert_eq!(
                admit(&bundle(version), &here(), Wish::default()),
                Ok(version.parse().unwrap())
            );
        }
    }

    #[test]
    fn everything_else_has_its_sentence() {
        let ours = here().version;
        let table = [
            (
                Bundle { compatible: "hsv-rock-5b".into(), ..bundle("9.0.0") },
                Refusal::OtherBoard { theirs: "hsv-rock-5b".into(), ours: here().compatible },
            ),
            (bundle("1.2.3"), Refusal::Same(ours.clone())),
            (bundle("1.2.3+7"), Refusal::Same("1.2.3+7".parse().unwrap())),
            (bundle("1.2.2"), Refusal::Older { theirs: Version::new(1, 2, 2), ours: ours.clone() }),
            (bundle("1.2.3-rc1"), Refusal::Older { theirs: "1.2.3-rc1".parse().unwrap(), ours }),
            (bundle("1.2"), Refusal::NoVersion("1.2".into())),
            (bundle(""), Refusal::NoVersion(String::new())),
            (Bundle { state_schema: None, ..bundle("2.0.0") }, Refusal::NoSchema),
            (
                Bundle { state_schema: Some(3), ..bundle("2.0.0") },
                Refusal::NoWayBack { theirs: 3, ours: 2 },
            ),
        ];
        for (bundle, refusal) in table {
            assert_eq!(admit(&bundle, &here(), Wish::default()), Err(refusal), "{bundle:?}");
        }
    }

    #[test]
    fn who_asks_for_an_older_one_gets_it_but_for_this_board_only() {
        let wish = Wish { older: true };
        for version in ["1.2.3", "0.1.0"] {
            assert!(admit(&bundle(version), &here(), wish).is_ok());
        }
        let other = Bundle { compatible: "hsv-rock-5b".into(), ..bundle("0.1.0") };
        assert!(admit(&other, &here(), wish).is_err());
        let unreadable = Bundle { state_schema: Some(3), ..bundle("0.1.0") };
        assert!(admit(&unreadable, &here(), wish).is_err());
    }
}
