// SPDX-License-Identifier: MIT OR Apache-2.0
//! `[live]`

use std::ops::RangeInclusive;

use camera::MaximumViewers;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Bytes of a packet that pass everywhere, also where the home hub forwards them.
const MTU: u16 = 1200;
/// A smaller packet would be all headers; a larger one does not fit in an Ethernet frame.
const MTUS: RangeInclusive<u16> = 256..=1472;

/// `[live]`: live view.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct LiveConfig {
    /// Bytes of a whole packet, 256 to 1472; smaller ones are sent to viewers that ask for it.
    #[serde(deserialize_with = "mtu")]
    pub mtu: u16,
    /// UDP ports, two for each viewer, as `first-last`; without it any that are free.
    #[serde(deserialize_with = "port_range")]
    pub port_range: Option<RangeInclusive<u16>>,
    /// How many may watch at once, 1 to 4.
    #[serde(deserialize_with = "maximum_viewers")]
    pub maximum_viewers: MaximumViewers,
    /// Viewers may speak through the loudspeaker, where there is one.
    pub talkback: bool,
}

impl Default for LiveConfig {
    fn default() -> Self {
        Self { mtu: MTU, port_range: None, maximum_viewers: MaximumViewers::MAX, talkback: true }
    }
}

fn mtu<'de, D: Deserializer<'de>>(from: D) -> Result<u16, D::Error> {
    let mtu = u16::deserialize(from)?;
    let refused = || D::Error::custom("mtu must be 256 to 1472");
    MTUS.contains(&mtu).then_some(mtu).ok_or_else(refused)
}

fn port_range<'de, D: Deserializer<'de>>(from: D) -> Result<Option<RangeInclusive<u16>>, D::Error> {
    let text = String::deserialize(from)?;
    let ends = text.split_once('-').and_then(|(first, last)| {
        let port = |text: &str| text.trim().parse::<u16>().ok().filter(|&port| port > 0);
        Some(port(first)?..=port(last)?)
    });
    // A viewer takes two
    let fit = ends.filter(|ports| ports.end() > ports.start());
    fit.map(Some).ok_or_else(|| D::Error::custom("port-range must be two ports as 'first-last'"))
}

fn maximum_viewers<'de, D: Deserializer<'de>>(from: D) -> Result<MaximumViewers, D::Error> {
    MaximumViewers::try_from(usize::deserialize(from)?).map_err(D::Error::custom)
}
