// SPDX-License-Identifier: MIT OR Apache-2.0
//! RAUC over D-Bus: checks and writes bundles, and tells the bootloader which system is good.
//!
//! Spec: RAUC's reference, "D-Bus API"; `InspectBundle` and `require-manifest-hash` need version 1.11.

use std::collections::HashMap;

use anyhow::{Context as _, ensure};
use ota::Slot;
use ota::bundle::Bundle;
use ota::offer::Offer;
use zbus::proxy::CacheProperties;
use zbus::{Connection, OwnedVariant, Variant, proxy};

type Dict = HashMap<String, OwnedVariant>;

#[proxy(
    interface = "de.pengutronix.rauc.Installer",
    default_service = "de.pengutronix.rauc",
    default_path = "/"
)]
trait Installer {
    fn inspect_bundle(&self, source: &str, args: Dict) -> zbus::Result<Dict>;
    fn install_bundle(&self, source: &str, args: Dict) -> zbus::Result<()>;
    fn mark(&self, state: &str, slot: &str) -> zbus::Result<(String, String)>;
    fn get_primary(&self) -> zbus::Result<String>;
    fn get_slot_status(&self) -> zbus::Result<Vec<(String, Dict)>>;
    #[zbus(property)]
    fn operation(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn last_error(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn progress(&self) -> zbus::Result<(i32, String, i32)>;
    #[zbus(property)]
    fn compatible(&self) -> zbus::Result<String>;
}

/// How a slot is called where it may be either.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    /// The one that runs.
    Booted,
    /// The other one.
    Other,
}

impl Which {
    fn word(self) -> &'static str {
        match self {
            Self::Booted => "booted",
            Self::Other => "other",
        }
    }
}

/// How far an installation is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Installing {
    /// Percent.
    At(u32),
    /// All is written, and the new system is the next one.
    Done,
    /// What RAUC says.
    Failed(String),
}

/// The service.
#[derive(Debug, Clone)]
pub struct Rauc(InstallerProxy<'static>);

impl Rauc {
    /// On `bus`; it is started by the first call.
    pub async fn on(bus: &Connection) -> zbus::Result<Self> {
        InstallerProxy::builder(bus).cache_properties(CacheProperties::No).build().await.map(Self)
    }

    /// What this machine takes bundles for.
    pub async fn compatible(&self) -> zbus::Result<String> {
        self.0.compatible().await
    }

    /// Checks the signature, and reads what the bundle says of itself.
    ///
    /// # Errors
    /// RAUC's words; a manifest without what we need.
    pub async fn inspect(&self, source: &str) -> anyhow::Result<Bundle> {
        let told = self.0.inspect_bundle(source, Dict::new()).await;
        bundle(&told.map_err(|error| anyhow::anyhow!(words(error)))?)
    }

    /// Begins to write `bundle`, and nothing else that may lie at `source` by then.
    ///
    /// # Errors
    /// RAUC is busy with another one.
    pub async fn install(&self, source: &str, bundle: &Bundle) -> anyhow::Result<()> {
        let hash = OwnedVariant::try_from(Variant::from(bundle.hash.as_str()))?;
        let args = Dict::from([("require-manifest-hash".to_owned(), hash)]);
        self.0.install_bundle(source, args).await.map_err(|error| anyhow::anyhow!(words(error)))
    }

    /// How far it is.
    pub async fn look(&self) -> zbus::Result<Installing> {
        if self.0.operation().await? != "idle" {
            let (percent, ..) = self.0.progress().await?;
            return Ok(Installing::At(u32::try_from(percent.clamp(0, 100)).unwrap_or(0)));
        }
        let error = self.0.last_error().await?;
        Ok(if error.is_empty() { Installing::Done } else { Installing::Failed(error) })
    }

    /// The system may be started for ever.
    pub async fn mark_good(&self, which: Which) -> zbus::Result<()> {
        self.0.mark("good", which.word()).await.map(drop)
    }

    /// The system is not started any more.
    pub async fn mark_bad(&self, which: Which) -> zbus::Result<()> {
        self.0.mark("bad", which.word()).await.map(drop)
    }

    /// The system is the next one.
    pub async fn mark_active(&self, which: Which) -> zbus::Result<()> {
        self.0.mark("active", which.word()).await.map(drop)
    }

    /// Whether `slot` has a try left.
    ///
    /// # Errors
    /// The bus's, or the bootloader's state cannot be read.
    pub async fn is_good(&self, slot: Slot) -> zbus::Result<bool> {
        let slots = self.0.get_slot_status().await?;
        let status = slots.iter().find(|(_, status)| is_named(status, slot));
        let state = status.and_then(|(_, status)| text(status, "boot-status"));
        Ok(state.as_deref() == Some("good"))
    }

    /// Whether `slot` is the one that starts next.
    ///
    /// # Errors
    /// As [`Rauc::is_good`].
    pub async fn is_next(&self, slot: Slot) -> zbus::Result<bool> {
        let primary = self.0.get_primary().await?;
        let slots = self.0.get_slot_status().await?;
        Ok(slots.iter().any(|(name, status)| *name == primary && is_named(status, slot)))
    }
}

fn is_named(status: &Dict, slot: Slot) -> bool {
    text(status, "bootname").as_deref() == Some(slot.name())
}

/// Without the error's name, which says nothing to an owner.
fn words(error: zbus::Error) -> String {
    match error {
        zbus::Error::MethodError(_, Some(text), _) => text,
        other => other.to_string(),
    }
}

/// RAUC boxes some values twice.
fn unboxed(value: &Variant<'_>) -> Option<OwnedVariant> {
    match value {
        Variant::Variant(inner) => unboxed(inner),
        other => other.try_to_owned().ok(),
    }
}

fn get<T: TryFrom<OwnedVariant>>(dict: &Dict, key: &str) -> Option<T> {
    unboxed(dict.get(key)?)?.try_into().ok()
}

fn text(dict: &Dict, key: &str) -> Option<String> {
    get(dict, key)
}

/// Of `InspectBundle`'s answer.
fn bundle(told: &Dict) -> anyhow::Result<Bundle> {
    let update: Dict = get(told, "update").context("RAUC tells nothing of the bundle's version")?;
    let format = get(told, "bundle").and_then(|bundle: Dict| text(&bundle, "format"));
    ensure!(format.as_deref() == Some("verity"), "the bundle is not of the format verity");
    let meta: Option<HashMap<String, HashMap<String, String>>> = get(told, "meta");
    let ours = meta.and_then(|mut meta| meta.remove("hsv")).unwrap_or_default();
    let word = |key: &str| ours.get(key).map(String::as_str);
    Ok(Bundle {
        compatible: text(&update, "compatible").context("the bundle names no board")?,
        version: text(&update, "version").context("the bundle has no version")?,
        state_schema: word("state-schema").and_then(|schema| schema.parse().ok()),
        offer: Offer::of(word),
        hash: text(told, "manifest-hash").context("RAUC tells no hash of the bundle's manifest")?,
    })
}
