// SPDX-License-Identifier: MIT OR Apache-2.0
//! The attribute database of one accessory: what there is, never what it is worth now.
//! Values belong to the camera, which answers for them.

use sha2::{Digest, Sha256};

use crate::{Format, json};

/// Instance id, unique among services and characteristics of the accessory and stable for ever.
pub type Iid = u64;

/// What a controller may do with a characteristic. Combine with `|`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Perms(u16);

impl Perms {
    /// `pr`
    pub const READ: Self = Self(1);
    /// `pw`
    pub const WRITE: Self = Self(1 << 1);
    /// `ev`
    pub const NOTIFY: Self = Self(1 << 2);
    /// `aa`
    pub const ADDITIONAL_AUTHORIZATION: Self = Self(1 << 3);
    /// `tw`
    pub const TIMED_WRITE: Self = Self(1 << 4);
    /// `hd`
    pub const HIDDEN: Self = Self(1 << 5);
    /// `wr`
    pub const WRITE_RESPONSE: Self = Self(1 << 6);
    /// Not on the wire: only an admin's write is taken, others get -70401.
    pub const ADMIN_WRITE: Self = Self(1 << 7);

    /// Whether every permission of `other` is here.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl std::ops::BitOr for Perms {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A characteristic's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the standard's own")]
pub enum Unit {
    Celsius,
    Percentage,
    ArcDegrees,
    Lux,
    Seconds,
}

/// Bounds of a value; a write outside them gets -70410.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Limits {
    /// `minValue`, `maxValue`
    pub range: Option<(f64, f64)>,
    /// `minStep`
    pub step: Option<f64>,
    /// `maxLen`, of a string in bytes; 64 when absent.
    pub max_len: Option<u16>,
    /// `valid-values`
    pub valid_values: &'static [u8],
}

/// One characteristic.
#[derive(Debug, Clone, PartialEq)]
pub struct Characteristic {
    /// Its instance id.
    pub iid: Iid,
    /// The short type, `0x22` for MotionDetected.
    pub kind: u16,
    /// Its value's format.
    pub format: Format,
    /// What may be done with it.
    pub perms: Perms,
    /// Its value's bounds.
    pub limits: Limits,
    /// Its value's unit.
    pub unit: Option<Unit>,
}

/// One service.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Its instance id.
    pub iid: Iid,
    /// The short type, `0x21A` for CameraOperatingMode.
    pub kind: u16,
    /// The accessory's main service.
    pub is_primary: bool,
    /// Not shown to the user.
    pub is_hidden: bool,
    /// Instance ids of the services it is linked to.
    pub linked: Vec<Iid>,
    /// Its characteristics.
    pub characteristics: Vec<Characteristic>,
}

/// All services of the accessory (`aid` 1), in the order in which they are published.
#[derive(Debug, Clone, PartialEq)]
pub struct Database {
    services: Vec<Service>,
    /// Where each characteristic stands, sorted by iid.
    index: Vec<Place>,
}

#[derive(Debug, Clone, PartialEq)]
struct Place {
    iid: Iid,
    service: usize,
    characteristic: usize,
}

impl Database {
    /// Takes the services.
    ///
    /// # Panics
    /// When an instance id stands twice or AccessoryInformation (0x3E) is not iid 1: the table is
    /// part of the program, so that is a bug.
    pub fn new(services: Vec<Service>) -> Self {
        let mut iids: Vec<Iid> = services
            .iter()
            .flat_map(|s| std::iter::once(s.iid).chain(s.characteristics.iter().map(|c| c.iid)))
            .collect();
        iids.sort_unstable();
        assert!(iids.windows(2).all(|pair| pair[0] != pair[1]), "an iid stands twice");
        assert!(services.iter().any(|s| s.kind == 0x3e && s.iid == 1), "iid 1 is not 0x3E");
        let mut index: Vec<Place> = Vec::new();
        for (service, s) in services.iter().enumerate() {
            let places = s.characteristics.iter().enumerate();
            index.extend(places.map(|(characteristic, c)| Place {
                iid: c.iid,
                service,
                characteristic,
            }));
        }
        index.sort_unstable_by_key(|place| place.iid);
        Self { services, index }
    }

    /// The services in order.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// All characteristics in the order in which they are published.
    pub fn characteristics(&self) -> impl Iterator<Item = &Characteristic> {
        self.services.iter().flat_map(|service| &service.characteristics)
    }

    /// The characteristic with this instance id, found in O(log n).
    pub fn characteristic(&self, iid: Iid) -> Option<&Characteristic> {
        let at = self.index.binary_search_by_key(&iid, |place| place.iid).ok()?;
        let place = &self.index[at];
        Some(&self.services[place.service].characteristics[place.characteristic])
    }

    /// SHA-256 over what the controllers keep of the database: everything but values. When it
    /// differs from that of the last start, the configuration number is to be raised.
    pub fn metadata_hash(&self) -> [u8; 32] {
        Sha256::digest(json::accessories(self, None)).into()
    }
}
