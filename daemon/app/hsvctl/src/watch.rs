// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl watch`: what happens, line by line, until Ctrl-C. It outlives the camera's program and the bus.

mod event;

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use zbus::fdo::PropertiesProxy;
use zbus::names::InterfaceName;

use crate::bus::{Address, Bus, next};
use crate::fault::{Fault, Word};
use crate::out::{Form, Out};
use event::{Event, from_signal, json_of};

/// Between two attempts to reach the bus.
const RETRY: Duration = Duration::from_secs(1);

/// What happens, line by line, until Ctrl-C
#[derive(Debug, Args)]
pub struct Watch {}

/// The properties as they were last told, by interface and name.
type Known = BTreeMap<(String, String), serde_json::Value>;

impl Watch {
    /// Tells it.
    pub async fn run(self, at: &Address, out: &mut Out) -> anyhow::Result<()> {
        let bus = Bus::open(at).await?;
        tokio::select! {
            ended = follow(at, bus, out) => ended,
            () = crate::interrupt() => Ok(()),
        }
    }
}

async fn follow(at: &Address, mut bus: Bus, out: &mut Out) -> anyhow::Result<()> {
    let mut known = Known::new();
    loop {
        match until_the_bus_goes(&bus, &mut known, out).await {
            Err(error) if !is_away(&error) => return Err(error),
            _ => Event::BusLost.tell(out)?,
        }
        bus = loop {
            tokio::time::sleep(RETRY).await;
            if let Ok(connection) = at.connect().await {
                break Bus::over(connection);
            }
        };
        Event::BusBack.tell(out)?;
    }
}

/// Whether whoever was asked is not there, which ends by itself.
fn is_away(error: &anyhow::Error) -> bool {
    !error.is::<std::io::Error>()
        && matches!(Fault::of(error).word, Word::NoBus | Word::NoAnswer | Word::NotRunning)
}

async fn until_the_bus_goes(bus: &Bus, known: &mut Known, out: &mut Out) -> anyhow::Result<()> {
    let daemon = bus.daemon().await?;
    // Listen first and look then, so that nothing falls between the two.
    let mut owners = daemon.receive_name_owner_changed_with_args(&[(0, control::BUS_NAME)]).await?;
    let mut signals = bus.camera().await?.inner().receive_all_signals().await?;
    let properties = PropertiesProxy::builder(bus.connection())
        .destination(control::BUS_NAME)
        .path(control::OBJECT_PATH)
        .build()
        .await?;
    let mut changes = properties.receive_properties_changed().await?;
    if bus.has_camera().await? {
        look(&properties, known, out).await?;
    } else {
        Event::CameraStopped.tell(out)?;
    }
    loop {
        tokio::select! {
            owner = next(&mut owners) => {
                let Some(owner) = owner else { return Ok(()) };
                if owner.args()?.new_owner().is_none() {
                    Event::CameraStopped.tell(out)?;
                } else {
                    Event::CameraStarted.tell(out)?;
                    look(&properties, known, out).await?;
                }
            }
            signal = next(&mut signals) => {
                let Some(signal) = signal else { return Ok(()) };
                if let Some(event) = from_signal(&signal)? {
                    event.tell(out)?;
                }
            }
            change = next(&mut changes) => {
                let Some(change) = change else { return Ok(()) };
                let change = change.args()?;
                let interface = change.interface_name().to_string();
                for (name, value) in change.changed_properties() {
                    learn(known, &interface, name, json_of(value), out)?;
                }
                if !change.invalidated_properties().is_empty() {
                    look(&properties, known, out).await?;
                }
            }
        }
    }
}

/// All properties that may be seen; those that differ from what is known are told. A program that
/// goes away meanwhile is told of as such.
async fn look(
    properties: &PropertiesProxy<'_>,
    known: &mut Known,
    out: &mut Out,
) -> anyhow::Result<()> {
    let is_first = known.is_empty();
    for (interface, _) in control::INTERFACES {
        let all = match properties.get_all(InterfaceName::try_from(interface)?).await {
            Ok(all) => all,
            Err(error) => match Fault::of(&error.into()).word {
                Word::NotAllowed | Word::TooOld | Word::NotRunning | Word::NoAnswer => continue,
                _ => return Err(Fault::not_running().into()),
            },
        };
        for (name, value) in all {
            if is_first && out.form() == Form::Human {
                known.insert((interface.to_owned(), name), json_of(&value));
            } else {
                learn(known, interface, &name, json_of(&value), out)?;
            }
        }
    }
    if is_first && out.form() == Form::Human {
        event::opening(|name| {
            known.iter().find(|((_, known), _)| known == name).map(|(_, value)| value)
        })
        .tell(out)?;
    }
    Ok(())
}

fn learn(
    known: &mut Known,
    interface: &str,
    name: &str,
    value: serde_json::Value,
    out: &mut Out,
) -> anyhow::Result<()> {
    let key = (interface.to_owned(), name.to_owned());
    if known.get(&key) != Some(&value) {
        known.insert(key, value.clone());
        Event::Property { interface: interface.to_owned(), name: name.to_owned(), value }
            .tell(out)?;
    }
    Ok(())
}
