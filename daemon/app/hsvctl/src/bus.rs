// SPDX-License-Identifier: MIT OR Apache-2.0
//! The way to the camera: which bus, the connection, the proxies.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::str::FromStr;
use std::time::Duration;

use control::{Camera1Proxy, Pairing1Proxy, Settings1Proxy, System1Proxy, Update1Proxy};
use futures_core::Stream;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;
use zbus::proxy::CacheProperties;
use zbus::{Connection, connection};

use crate::fault::{Fault, Word};

/// The environment's say, where the command line has none.
const VARIABLE: &str = "HSV_BUS";
/// A camera that has not answered in this time does not.
const PATIENCE: Duration = Duration::from_secs(30);

/// Which bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// The machine's, where services live.
    System,
    /// The login session's, for a camera that somebody runs at a desk.
    Session,
    /// Any other, as D-Bus writes addresses.
    Other(String),
}

impl FromStr for Address {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "system" => Self::System,
            "session" => Self::Session,
            other => Self::Other(other.to_owned()),
        })
    }
}

impl Address {
    /// The command line's, else the environment's, else the system's.
    pub fn chosen(given: Option<Self>) -> Result<Self, Fault> {
        if let Some(given) = given {
            return Ok(given);
        }
        match std::env::var(VARIABLE) {
            Ok(text) if !text.is_empty() => Ok(match text.parse() {
                Ok(address) => address,
                Err(never) => match never {},
            }),
            Err(std::env::VarError::NotUnicode(_)) => {
                Err(Fault::new(Word::Usage, format!("${VARIABLE} is not text")))
            }
            Ok(_) | Err(std::env::VarError::NotPresent) => Ok(Self::System),
        }
    }

    /// As one would say it.
    pub fn words(&self) -> String {
        match self {
            Self::System => "the system bus".to_owned(),
            Self::Session => "the session bus".to_owned(),
            Self::Other(address) => format!("the bus at {address}"),
        }
    }

    /// A connection to the bus, whoever is on it.
    pub async fn connect(&self) -> Result<Connection, Fault> {
        self.connect_for(PATIENCE).await
    }

    /// For calls that may take so long.
    pub async fn connect_for(&self, patience: Duration) -> Result<Connection, Fault> {
        let builder = match self {
            Self::System => connection::Builder::system(),
            Self::Session => connection::Builder::session(),
            Self::Other(address) => connection::Builder::address(address.as_str()),
        };
        let connecting = builder.method_timeout(patience).build();
        match tokio::time::timeout(PATIENCE, connecting).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(Fault::no_bus(self, &error.to_string())),
            Err(_) => Err(Fault::no_bus(self, "it does not answer")),
        }
    }
}

/// A connection to the camera.
#[derive(Debug, Clone)]
pub struct Bus(Connection);

impl Bus {
    /// Connects, and makes sure that the camera is there.
    pub async fn open(at: &Address) -> anyhow::Result<Self> {
        let bus = Self(at.connect().await?);
        if bus.has_camera().await? { Ok(bus) } else { Err(Fault::not_running().into()) }
    }

    /// Over a connection that stands, whether or not the camera is there.
    pub fn over(connection: Connection) -> Self {
        Self(connection)
    }

    /// The bus itself.
    pub async fn daemon(&self) -> zbus::Result<DBusProxy<'static>> {
        DBusProxy::new(&self.0).await
    }

    /// Whether somebody owns the camera's name.
    pub async fn has_camera(&self) -> zbus::Result<bool> {
        self.has(control::BUS_NAME).await
    }

    /// Whether somebody owns `name`.
    pub async fn has(&self, name: &'static str) -> zbus::Result<bool> {
        let name = BusName::try_from(name)?;
        Ok(self.daemon().await?.name_has_owner(name).await?)
    }

    /// The connection.
    pub fn connection(&self) -> &Connection {
        &self.0
    }

    /// State, motion, pictures. Properties are asked for at each look, so that none is stale.
    pub async fn camera(&self) -> zbus::Result<Camera1Proxy<'static>> {
        Camera1Proxy::builder(&self.0).cache_properties(CacheProperties::No).build().await
    }

    /// Who is paired.
    pub async fn pairing(&self) -> zbus::Result<Pairing1Proxy<'static>> {
        Pairing1Proxy::builder(&self.0).cache_properties(CacheProperties::No).build().await
    }

    /// Settings.
    pub async fn settings(&self) -> zbus::Result<Settings1Proxy<'static>> {
        Settings1Proxy::builder(&self.0).cache_properties(CacheProperties::No).build().await
    }

    /// Updates, which another program looks after.
    pub async fn update(&self) -> zbus::Result<Update1Proxy<'static>> {
        Update1Proxy::builder(&self.0).cache_properties(CacheProperties::No).build().await
    }

    /// The program and its machine.
    pub async fn system(&self) -> zbus::Result<System1Proxy<'static>> {
        System1Proxy::builder(&self.0).cache_properties(CacheProperties::No).build().await
    }
}

/// The next item of a stream; none when it has ended.
pub async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    poll_fn(|context| Pin::new(&mut *stream).poll_next(context)).await
}
