// SPDX-License-Identifier: MIT OR Apache-2.0
//! The camera's services and characteristics, as data. Their values are [`Camera`](crate::Camera)'s.
//!
//! The table knows no configuration but the category: a controller that paired with one setting
//! finds every id again under another, and a camera that becomes a doorbell keeps every id it had.

mod identity;
pub mod iid;
mod kind;

use hap::setup::Category;
use hap::{Characteristic, Database, Format, Iid, Limits, Perms, Service, Unit};

pub use identity::{Error as IdentityError, Identity, Labels};

/// All services of an accessory of this category, in the order in which they are published.
pub fn database(category: Category) -> Database {
    let mut services = vec![accessory_information(), protocol_information()];
    services.extend(iid::RTP.iter().map(rtp_stream_management));
    services.extend([
        sound(kind::MICROPHONE, [iid::MICROPHONE, iid::MICROPHONE_MUTE, iid::MICROPHONE_VOLUME]),
        sound(kind::SPEAKER, [iid::SPEAKER, iid::SPEAKER_MUTE, iid::SPEAKER_VOLUME]),
        motion_sensor(),
        operating_mode(),
        recording_management(),
        data_stream_transport_management(),
    ]);
    if category == Category::VideoDoorbell {
        services.push(doorbell());
    }
    Database::new(services)
}

fn accessory_information() -> Service {
    service(
        kind::ACCESSORY_INFORMATION,
        iid::ACCESSORY_INFORMATION,
        vec![
            boolean(iid::IDENTIFY, kind::IDENTIFY, Perms::WRITE),
            text(iid::MANUFACTURER, kind::MANUFACTURER),
            text(iid::MODEL, kind::MODEL),
            text(iid::NAME, kind::NAME),
            text(iid::SERIAL_NUMBER, kind::SERIAL_NUMBER),
            text(iid::FIRMWARE_REVISION, kind::FIRMWARE_REVISION),
        ],
    )
}

/// Without it some home hubs ignore the camera.
fn protocol_information() -> Service {
    service(
        kind::PROTOCOL_INFORMATION,
        iid::PROTOCOL_INFORMATION,
        vec![text(iid::PROTOCOL_VERSION, kind::VERSION)],
    )
}

fn rtp_stream_management(ids: &iid::Rtp) -> Service {
    service(
        kind::CAMERA_RTP_STREAM_MANAGEMENT,
        ids.service,
        vec![
            switch_u8(ids.active, kind::ACTIVE, admin_set()),
            tlv(ids.streaming_status, kind::STREAMING_STATUS, told()),
            tlv(ids.supported_video, kind::SUPPORTED_VIDEO_STREAM, Perms::READ),
            tlv(ids.supported_audio, kind::SUPPORTED_AUDIO_STREAM, Perms::READ),
            tlv(ids.supported_rtp, kind::SUPPORTED_RTP, Perms::READ),
            tlv(ids.setup_endpoints, kind::SETUP_ENDPOINTS, Perms::READ | Perms::WRITE),
            tlv(ids.selected_rtp, kind::SELECTED_RTP_STREAM, Perms::READ | Perms::WRITE),
        ],
    )
}

fn sound(service_kind: u16, [own, mute, volume]: [Iid; 3]) -> Service {
    let volume = Characteristic {
        limits: Limits { range: Some((0.0, 100.0)), step: Some(1.0), ..Limits::default() },
        unit: Some(Unit::Percentage),
        ..characteristic(volume, kind::VOLUME, Format::UInt8, set())
    };
    service(service_kind, own, vec![boolean(mute, kind::MUTE, set()), volume])
}

fn motion_sensor() -> Service {
    service(
        kind::MOTION_SENSOR,
        iid::MOTION_SENSOR,
        vec![
            boolean(iid::MOTION_DETECTED, kind::MOTION_DETECTED, told()),
            boolean(iid::MOTION_STATUS_ACTIVE, kind::STATUS_ACTIVE, told()),
            switch_u8(iid::MOTION_STATUS_FAULT, kind::STATUS_FAULT, told()),
        ],
    )
}

fn operating_mode() -> Service {
    let timed = admin_set() | Perms::TIMED_WRITE;
    let view = Characteristic {
        limits: Limits { range: Some((0.0, 360.0)), ..Limits::default() },
        unit: Some(Unit::ArcDegrees),
        ..characteristic(
            iid::DIAGONAL_FIELD_OF_VIEW,
            kind::DIAGONAL_FIELD_OF_VIEW,
            Format::Float,
            told(),
        )
    };
    service(
        kind::CAMERA_OPERATING_MODE,
        iid::CAMERA_OPERATING_MODE,
        vec![
            boolean(iid::EVENT_SNAPSHOTS_ACTIVE, kind::EVENT_SNAPSHOTS_ACTIVE, timed),
            boolean(iid::HOMEKIT_CAMERA_ACTIVE, kind::HOMEKIT_CAMERA_ACTIVE, timed),
            boolean(iid::PERIODIC_SNAPSHOTS_ACTIVE, kind::PERIODIC_SNAPSHOTS_ACTIVE, timed),
            boolean(iid::THIRD_PARTY_CAMERA_ACTIVE, kind::THIRD_PARTY_CAMERA_ACTIVE, told()),
            boolean(
                iid::CAMERA_OPERATING_MODE_INDICATOR,
                kind::CAMERA_OPERATING_MODE_INDICATOR,
                set() | Perms::TIMED_WRITE,
            ),
            boolean(iid::MANUALLY_DISABLED, kind::MANUALLY_DISABLED, told()),
            boolean(iid::NIGHT_VISION, kind::NIGHT_VISION, set()),
            view,
        ],
    )
}

fn recording_management() -> Service {
    let linked = vec![iid::MOTION_SENSOR, iid::DATA_STREAM_TRANSPORT_MANAGEMENT];
    let characteristics = vec![
        switch_u8(iid::RECORDING_ACTIVE, kind::ACTIVE, admin_set()),
        tlv(iid::SUPPORTED_CAMERA_RECORDING, kind::SUPPORTED_CAMERA_RECORDING, told()),
        tlv(iid::SUPPORTED_VIDEO_RECORDING, kind::SUPPORTED_VIDEO_RECORDING, told()),
        tlv(iid::SUPPORTED_AUDIO_RECORDING, kind::SUPPORTED_AUDIO_RECORDING, told()),
        tlv(iid::SELECTED_CAMERA_RECORDING, kind::SELECTED_CAMERA_RECORDING, admin_set()),
        switch_u8(
            iid::RECORDING_AUDIO_ACTIVE,
            kind::RECORDING_AUDIO_ACTIVE,
            set() | Perms::TIMED_WRITE,
        ),
    ];
    Service {
        linked,
        ..service(
            kind::CAMERA_RECORDING_MANAGEMENT,
            iid::CAMERA_RECORDING_MANAGEMENT,
            characteristics,
        )
    }
}

fn data_stream_transport_management() -> Service {
    service(
        kind::DATA_STREAM_TRANSPORT_MANAGEMENT,
        iid::DATA_STREAM_TRANSPORT_MANAGEMENT,
        vec![
            tlv(
                iid::SUPPORTED_DATA_STREAM_TRANSPORT,
                kind::SUPPORTED_DATA_STREAM_TRANSPORT,
                Perms::READ,
            ),
            tlv(
                iid::SETUP_DATA_STREAM_TRANSPORT,
                kind::SETUP_DATA_STREAM_TRANSPORT,
                Perms::READ | Perms::WRITE | Perms::WRITE_RESPONSE,
            ),
            text(iid::DATA_STREAM_VERSION, kind::VERSION),
        ],
    )
}

/// Mute and Volume are of a chime on the doorbell itself, which is optional and which we have not.
/// A double or a long press is none of a bell's.
fn doorbell() -> Service {
    let event = Characteristic {
        limits: Limits {
            range: Some((0.0, 0.0)),
            step: Some(1.0),
            valid_values: &[SINGLE_PRESS],
            ..Limits::default()
        },
        ..characteristic(
            iid::PROGRAMMABLE_SWITCH_EVENT,
            kind::PROGRAMMABLE_SWITCH_EVENT,
            Format::UInt8,
            told(),
        )
    };
    Service { is_primary: true, ..service(kind::DOORBELL, iid::DOORBELL, vec![event]) }
}

/// The value of ProgrammableSwitchEvent at every press.
pub const SINGLE_PRESS: u8 = 0;

/// Read, and told when it changes.
fn told() -> Perms {
    Perms::READ | Perms::NOTIFY
}

/// Also written.
fn set() -> Perms {
    told() | Perms::WRITE
}

/// Written by admins alone.
fn admin_set() -> Perms {
    set() | Perms::ADMIN_WRITE
}

fn service(kind: u16, iid: Iid, characteristics: Vec<Characteristic>) -> Service {
    Service { iid, kind, is_primary: false, is_hidden: false, linked: Vec::new(), characteristics }
}

fn characteristic(iid: Iid, kind: u16, format: Format, perms: Perms) -> Characteristic {
    Characteristic { iid, kind, format, perms, limits: Limits::default(), unit: None }
}

fn boolean(iid: Iid, kind: u16, perms: Perms) -> Characteristic {
    characteristic(iid, kind, Format::Bool, perms)
}

fn text(iid: Iid, kind: u16) -> Characteristic {
    characteristic(iid, kind, Format::String, Perms::READ)
}

fn tlv(iid: Iid, kind: u16, perms: Perms) -> Characteristic {
    characteristic(iid, kind, Format::Tlv8, perms)
}

/// A `uint8` that is 0 or 1.
fn switch_u8(iid: Iid, kind: u16, perms: Perms) -> Characteristic {
    Characteristic {
        limits: Limits {
            range: Some((0.0, 1.0)),
            step: Some(1.0),
            valid_values: &[0, 1],
            ..Limits::default()
        },
        ..characteristic(iid, kind, Format::UInt8, perms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One line for each service and characteristic, in the order of publication.
    fn table(category: Category) -> String {
        let mut out = String::new();
        for service in database(category).services() {
            let linked = service.linked.iter().map(|iid| format!(" linked {iid}"));
            let linked: String = linked.collect();
            out += &format!("{:3} service {:X}{linked}\n", service.iid, service.kind);
            for c in &service.characteristics {
                let perms = perms(c.perms);
                out += &format!("{:3}   {:X} {:?} {perms}\n", c.iid, c.kind, c.format);
            }
        }
        out
    }

    fn perms(perms: Perms) -> String {
        let names = [
            (Perms::READ, "pr"),
            (Perms::WRITE, "pw"),
            (Perms::NOTIFY, "ev"),
            (Perms::ADDITIONAL_AUTHORIZATION, "aa"),
            (Perms::TIMED_WRITE, "tw"),
            (Perms::HIDDEN, "hd"),
            (Perms::WRITE_RESPONSE, "wr"),
            (Perms::ADMIN_WRITE, "admin"),
        ];
        let held = names.iter().filter(|(perm, _)| perms.contains(*perm)).map(|(_, name)| *name);
        held.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn no_id_type_format_or_permission_ever_moves() {
        let camera = include_str!("../tests/data/database.txt");
        let doorbell = format!("{camera}{}", include_str!("../tests/data/doorbell.txt"));
        for (category, pinned) in
            [(Category::Camera, camera), (Category::VideoDoorbell, doorbell.as_str())]
        {
            let now = table(category);
            for (pinned, now) in pinned.lines().zip(now.lines()) {
                assert_eq!(now, pinned, "paired controllers remember the pinned line");
            }
            let (is, was) = (now.lines().count(), pinned.lines().count());
            assert_eq!(is, was, "the table of {category:?} changed its length\n{now}");
        }
    }

    #[test]
    fn the_bell_is_the_doorbells_main_service_and_no_other_is() {
        let primary = |category| {
            let database = database(category);
            let primary = database.services().iter().filter(|service| service.is_primary);
            primary.map(|service| service.kind).collect::<Vec<_>>()
        };
        assert_eq!(primary(Category::VideoDoorbell), [kind::DOORBELL]);
        assert!(primary(Category::Camera).is_empty());
    }

    #[test]
    fn a_service_keeps_to_its_own_ids() {
        for service in database(Category::VideoDoorbell).services() {
            for characteristic in &service.characteristics {
                let distance = characteristic.iid - service.iid;
                assert!((1..16).contains(&distance), "{}", characteristic.iid);
            }
        }
    }

    #[test]
    fn stream_services_own_their_ids_alone() {
        for service in database(Category::VideoDoorbell).services() {
            let is_rtp = service.kind == kind::CAMERA_RTP_STREAM_MANAGEMENT;
            for iid in service.characteristics.iter().map(|c| c.iid) {
                assert_eq!(iid::RTP.iter().any(|ids| ids.contains(iid)), is_rtp, "{iid}");
            }
        }
    }
}
