// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values, messages, keys and frames agree with what other implementations make of them.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::{hex, json, media_events, sha256, unhex};
use hds::{Data, Dict, Keys, Message, Opener, Sealer, Value};

fn encoded(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.encode(&mut bytes);
    assert!(bytes.len() <= value.max_encoded_len(), "{} of {value:?}", bytes.len());
    bytes
}

/// A value as the vectors write it in JSON.
fn of_json(json: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(int) => Value::Int(int),
            None => Value::Float(number.as_f64().unwrap()),
        },
        Json::String(text) => Value::String(text.clone()),
        Json::Array(items) => Value::Array(items.iter().map(of_json).collect()),
        Json::Object(pairs) => {
            if let Some((key, json)) = pairs.iter().find(|(key, _)| key.starts_with('$')) {
                return of_forced(key, json);
            }
            // JSON as read here has no order; that of the vectors is k0, k1 … k10, k11.
            let mut pairs: Vec<_> = pairs.iter().collect();
            pairs.sort_by_key(|(key, _)| (key.len(), key.as_str()));
            let mut dict = Dict::new();
            pairs.into_iter().for_each(|(key, json)| dict.insert(key, of_json(json)));
            Value::Dict(dict)
        }
    }
}

fn of_forced(key: &str, json: &serde_json::Value) -> Value {
    match key {
        "$int8" | "$int16" | "$int32" | "$int64" => Value::Int(json.as_i64().unwrap()),
        #[expect(clippy::cast_possible_truncation, reason = "the vector fits")]
        "$f32" => Value::Float32(json.as_f64().unwrap() as f32),
        "$secs_since_2001" => Value::Date(json.as_f64().unwrap()),
        "$uuid" => {
            let digits = json.as_str().unwrap().replace('-', "");
            Value::Uuid(unhex(&digits).try_into().unwrap())
        }
        "$data" => {
            let bytes = match json.as_str().unwrap().split_once('*') {
                Some((byte, count)) => unhex(byte).repeat(count.parse().unwrap()),
                None => unhex(json.as_str().unwrap()),
            };
            Value::Data(bytes.into())
        }
        _ => panic!("{key} in a vector"),
    }
}

/// The value a row of `hds-values-encode.json` describes, some of them in words.
fn of_words(json: &serde_json::Value) -> Value {
    let Some(words) = json.as_str() else { return of_json(json) };
    let numbers = |to: i64| Value::Array((0..=to).map(Value::Int).collect());
    match words {
        "\u{e9} (2 bytes, 1 UTF-16 unit)" => return "\u{e9}".into(),
        "{a:[true,null,{b:\"c\"}]}" => {
            let inner = Value::Dict(Dict::new().with("b", "c"));
            let items = vec![Value::Bool(true), Value::Null, inner];
            return Value::Dict(Dict::new().with("a", items));
        }
        "[Int64(7),Int64(7)]" => return Value::Array(vec![Value::Int(7); 2]),
        _ => {}
    }
    if let Some(count) = words.strip_prefix("x*") {
        return "x".repeat(count.parse().unwrap()).into();
    }
    if let Some(to) = words.strip_prefix("[0..").and_then(|rest| rest.strip_suffix(']')) {
        return numbers(to.parse().unwrap());
    }
    serde_json::from_str(words).map_or_else(|_| words.into(), |json| of_json(&json))
}

#[test]
fn every_value_is_written_as_in_the_vectors_and_read_back() {
    let vectors = json("hds-values-encode.json");
    let rows = vectors["cases"].as_array().unwrap();
    assert_eq!(rows.len(), 70);
    for row in rows {
        let name = row["name"].as_str().unwrap();
        let value = of_words(&row["value"]);
        let bytes = encoded(&value);
        assert_eq!(Value::decode(&bytes), Ok((value.clone(), bytes.len())), "{name}, read back");
        let theirs = row["hex"].as_str();
        match name {
            // Written in two bytes here, since their reader refuses the one.
            "int_39" => assert_eq!(hex(&bytes), "3027"),
            // Their writer knows 32 bits of an integer only.
            "int_2^32" => assert_eq!(hex(&bytes), "330000000001000000"),
            "int_-2147483649" => assert_eq!(hex(&bytes), "33ffffff7fffffffff"),
            // Widths and back-references are the writer's choice.
            _ if name.starts_with("forced_") || name.starts_with("backref_") => {}
            _ => match theirs {
                Some(theirs) => assert_eq!(hex(&bytes), theirs, "{name}"),
                None => {
                    assert_eq!(bytes.len() as u64, row["len"].as_u64().unwrap(), "{name}");
                    assert_eq!(sha256(&bytes), row["sha256"].as_str().unwrap(), "{name}");
                }
            },
        }
        if let Some(theirs) = theirs {
            let theirs = unhex(theirs);
            assert_eq!(Value::decode(&theirs), Ok((value, theirs.len())), "{name}, theirs");
        }
    }
}

#[test]
fn every_form_is_read() {
    let vectors = json("hds-values-decode.json");
    let rows = vectors["cases"].as_array().unwrap();
    assert_eq!(rows.len(), 32);
    for row in rows {
        let name = row["name"].as_str().unwrap();
        let bytes = unhex(row["hex"].as_str().unwrap());
        match row["expected"].as_str() {
            Some("error") => assert!(Value::decode(&bytes).is_err(), "{name}"),
            _ => {
                // 1.5 in four bytes is a number of its own type here.
                let expected = match name {
                    "float32_1.5" => Value::Float32(1.5),
                    _ => of_json(&row["expected"]),
                };
                assert_eq!(Value::decode(&bytes), Ok((expected, bytes.len())), "{name}");
            }
        }
    }
}

#[test]
fn no_value_is_read_from_its_beginning_alone() {
    for file in ["hds-values-encode.json", "hds-values-decode.json"] {
        for row in json(file)["cases"].as_array().unwrap() {
            let (name, Some(bytes)) = (&row["name"], row["hex"].as_str().map(unhex)) else {
                continue;
            };
            if row["expected"] == "error" {
                continue;
            }
            for len in 0..bytes.len() {
                assert!(Value::decode(&bytes[..len]).is_err(), "{name}, {len} bytes");
            }
        }
    }
}

#[test]
fn messages_are_written_and_read_as_in_the_vectors() {
    let vectors = json("hds-messages.json");
    let rows = vectors["messages"].as_array().unwrap();
    assert_eq!(rows.len(), 20);
    let mut media = media_events().into_iter();
    for row in rows {
        let name = row["name"].as_str().unwrap();
        let in_full = row["payload_hex"].as_str().map(unhex);
        let is_media = name.contains("mediaInit") || name.contains("fragment seq");
        let message = match &in_full {
            _ if is_media => media.next().unwrap().1,
            Some(payload) => Message::decode(payload).unwrap(),
            None => panic!("{name} is neither media nor in full"),
        };
        let mut payload = Vec::new();
        message.encode(&mut payload).unwrap();
        assert_eq!(payload.len() as u64, row["payload_len"].as_u64().unwrap(), "{name}");
        assert_eq!(sha256(&payload), row["payload_sha256"].as_str().unwrap(), "{name}");
        assert!(payload.len() <= message.max_encoded_len(), "{name}");
        assert_eq!(Message::decode(&payload).unwrap(), message, "{name}");
        if !is_media && !name.contains("5-byte") {
            // Dictionaries of JSON have no order.
            let Value::Dict(expected) = of_json(&row["message"]) else { panic!("{name}") };
            assert_eq!(message.body.len(), expected.len(), "{name}");
            for (key, value) in expected.iter() {
                assert_eq!(message.body.get(key), Some(value), "{name}");
            }
        }
        let truncations = payload.len().min(2000);
        for len in 0..truncations {
            assert!(Message::decode(&payload[..len]).is_err() || len == payload.len(), "{name}");
        }
    }
    assert!(media.next().is_none());
}

#[test]
fn keys_are_derived_as_in_the_vectors() {
    // A frame tells which key made it: the keys themselves stay inside.
    let rows = [json("hds-keys.json"), json("hds-frames.json")];
    let fields = [
        [
            "HDS-Read-Encryption-Key (accessory->controller)",
            "HDS-Write-Encryption-Key (controller->accessory)",
        ],
        ["read_key_a2c", "write_key_c2a"],
    ];
    for (row, [read, write]) in rows.iter().zip(fields) {
        let bytes = |key: &str| unhex(row[key].as_str().unwrap());
        let salt = |key: &str| <[u8; 32]>::try_from(bytes(key)).unwrap();
        let keys = Keys::accessory(
            &bytes("shared_secret"),
            &salt("controller_key_salt"),
            &salt("accessory_key_salt"),
        );
        let message = Message::event("a", "b", Dict::new());
        for (name, key, mut sealer) in [
            ("read", bytes(read), Sealer::new(&keys)),
            ("write", bytes(write), Sealer::new(&keys.of_peer())),
        ] {
            let frame = sealer.seal(&message).unwrap();
            assert_eq!(open_with(&key, frame), Ok(message.clone()), "{name}");
        }
    }
}

/// Opens frame 0 with a bare key, without this crate's frame code.
fn open_with(key: &[u8], frame: Vec<u8>) -> Result<Message, chacha20poly1305::aead::Error> {
    use chacha20poly1305::aead::{Aead, KeyInit, Payload};
    let cipher = chacha20poly1305::ChaCha20Poly1305::new_from_slice(key).unwrap();
    let (aad, msg) = frame.split_at(4);
    let payload = cipher.decrypt(&[0; 12].into(), Payload { msg, aad })?;
    Ok(Message::decode(&payload).unwrap())
}

#[test]
fn frames_are_sealed_and_opened_as_in_the_vectors() {
    let vectors = json("hds-frames.json");
    let bytes = |key: &str| unhex(vectors[key].as_str().unwrap());
    let keys = Keys::accessory(
        &bytes("shared_secret"),
        &bytes("controller_key_salt").try_into().unwrap(),
        &bytes("accessory_key_salt").try_into().unwrap(),
    );
    let media = media_events();
    let (mut accessory, mut hub) = (Sealer::new(&keys), Sealer::new(&keys.of_peer()));
    let (mut at_hub, mut at_accessory) = (Opener::new(&keys.of_peer()), Opener::new(&keys));
    let rows = vectors["frames"].as_array().unwrap();
    assert_eq!(rows.len(), 13);
    // The last one stands at frame 2^32, which a unit test looks at.
    for row in &rows[..12] {
        let name = row["name"].as_str().unwrap();
        let message = match row["plaintext"].as_str() {
            Some(plaintext) => Message::decode(&unhex(plaintext)).unwrap(),
            None => media.iter().find(|(event, _)| *event == name).unwrap().1.clone(),
        };
        let (sealer, opener) = match row["key"].as_str().unwrap() {
            "read" => (&mut accessory, &mut at_hub),
            _ => (&mut hub, &mut at_accessory),
        };
        let frame = sealer.seal(&message).unwrap();
        assert_eq!(frame.len() as u64, row["frame_len"].as_u64().unwrap(), "{name}");
        assert_eq!(sha256(&frame), row["frame_sha256"].as_str().unwrap(), "{name}");
        opener.push(&frame);
        let payload = opener.payload().unwrap().unwrap();
        assert_eq!(Message::decode(&payload).unwrap(), message, "{name}");
    }
}

#[test]
fn a_key_that_comes_twice_counts_once_with_its_last_value() {
    let bytes = unhex("e241610941610a");
    let (dict, _) = Dict::decode(&bytes).unwrap();
    assert_eq!(dict, Dict::new().with("a", 2i64));
}

#[test]
fn limits_are_refused_before_anything_is_allocated() {
    let table: [(&str, Vec<u8>); 7] = [
        ("text of 2^64-1 bytes", unhex("64ffffffffffffffff61")),
        ("data of 2^32-1 bytes", unhex("93ffffffff00")),
        ("reference 2^64-1", unhex("d24161c4ffffffffffffffff")),
        ("a key that is a number", unhex("e10909")),
        ("text that is not UTF-8", unhex("41ff")),
        ("arrays 66 deep", [vec![0xd1; 66], vec![0x04]].concat()),
        ("5000 values", [vec![0xdf], vec![0x04; 5000], vec![0x03]].concat()),
    ];
    for (name, bytes) in table {
        assert!(Value::decode(&bytes).is_err(), "{name}");
    }
    let deepest = [vec![0xd1; 64], vec![0x04]].concat();
    assert!(Value::decode(&deepest).is_ok(), "64 deep");
}

#[test]
fn references_cannot_blow_a_message_up() {
    let long = "x".repeat(60_000);
    let mut bytes = vec![0xdf];
    Value::from(long.as_str()).encode(&mut bytes);
    let once = [bytes.clone(), vec![0xa0, 0x03]].concat();
    assert!(Value::decode(&once).is_ok());
    let often = [bytes, vec![0xa0; 4000], vec![0x03]].concat();
    assert!(Value::decode(&often).is_err());
}

#[test]
fn bytes_behind_a_message_are_ignored() {
    let mut payload = Vec::new();
    let message = Message::event("a", "b", Dict::new().with("c", Data::from(vec![1, 2])));
    message.encode(&mut payload).unwrap();
    payload.extend([0x00, 0x34, 0xff]);
    assert_eq!(Message::decode(&payload), Ok(message));
}
