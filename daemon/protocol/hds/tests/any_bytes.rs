// SPDX-License-Identifier: MIT OR Apache-2.0
//! No bytes from outside make the decoders panic, and what is written is read.

#![allow(clippy::unwrap_used, reason = "a test")]

use hds::{Data, Dict, Keys, Message, Opener, Sealer, Status, Value};
use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof};
use proptest::proptest;

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (-300i64..300).prop_map(Value::Int),
        any::<f32>().prop_map(Value::Float32),
        any::<f64>().prop_map(Value::Float),
        any::<f64>().prop_map(Value::Date),
        any::<[u8; 16]>().prop_map(Value::Uuid),
        prop::collection::vec(any::<char>(), 0..300)
            .prop_map(|text| Value::String(text.into_iter().collect())),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| Value::Data(bytes.into())),
    ];
    leaf.prop_recursive(6, 200, 20, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..20).prop_map(Value::Array),
            prop::collection::vec(("[a-z]{0,40}", inner), 0..20).prop_map(|pairs| {
                let mut dict = Dict::new();
                pairs.into_iter().for_each(|(key, value)| dict.insert(key, value));
                Value::Dict(dict)
            }),
        ]
    })
}

fn message() -> impl Strategy<Value = Message> {
    let names = ("[a-zA-Z.]{0,40}", "[a-zA-Z.]{0,40}");
    let body = prop::collection::vec(("[a-z]{1,8}", value()), 0..6);
    (names, body, 0..3u8, any::<i64>(), -2i64..9).prop_map(
        |((protocol, topic), pairs, kind, id, status)| {
            let mut body = Dict::new();
            pairs.into_iter().for_each(|(key, value)| body.insert(key, value));
            let request = Message::request(protocol.clone(), topic.clone(), id, body.clone());
            match kind {
                0 => Message::event(protocol, topic, body),
                1 => request,
                _ => request.response(Status::from(status), body).unwrap(),
            }
        },
    )
}

proptest! {
    #[test]
    fn a_value_comes_back_as_it_was(value in value()) {
        let mut bytes = Vec::new();
        value.encode(&mut bytes);
        prop_assert!(bytes.len() <= value.max_encoded_len());
        prop_assert_eq!(Value::decode(&bytes), Ok((value, bytes.len())));
    }

    #[test]
    fn a_message_comes_back_as_it_was(message in message()) {
        let mut payload = Vec::new();
        message.encode(&mut payload).unwrap();
        prop_assert_eq!(Message::decode(&payload), Ok(message));
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        if let Ok((value, len)) = Value::decode(&bytes) {
            let mut canonical = Vec::new();
            value.encode(&mut canonical);
            prop_assert!(len <= bytes.len());
            prop_assert_eq!(Value::decode(&canonical).map(|(again, _)| again), Ok(value));
        }
        if let Ok(message) = Message::decode(&bytes) {
            let mut payload = Vec::new();
            if message.encode(&mut payload).is_ok() {
                prop_assert_eq!(Message::decode(&payload), Ok(message));
            }
        }
    }

    #[test]
    fn a_changed_message_is_read_or_refused(
        message in message(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut payload = Vec::new();
        message.encode(&mut payload).unwrap();
        let at = at.index(payload.len());
        payload[at] = byte;
        if let Ok(message) = Message::decode(&payload) {
            let mut again = Vec::new();
            prop_assert!(message.encode(&mut again).is_err() || Message::decode(&again).is_ok());
        }
    }

    #[test]
    fn frames_pass_in_any_pieces(
        lens in prop::collection::vec(0usize..5000, 1..5),
        cuts in prop::collection::vec(1usize..3000, 1..20),
    ) {
        let keys = Keys::accessory(&[9; 32], &[8; 32], &[7; 32]);
        let (mut sealer, mut opener) = (Sealer::new(&keys), Opener::new(&keys.of_peer()));
        let sent: Vec<Message> = lens
            .iter()
            .map(|len| Message::event("p", "t", Dict::new().with("d", Data::from(vec![3; *len]))))
            .collect();
        let stream: Vec<u8> = sent.iter().flat_map(|message| sealer.seal(message).unwrap()).collect();
        let (mut rest, mut cuts, mut read) = (&stream[..], cuts.iter().cycle(), Vec::new());
        while !rest.is_empty() {
            let (piece, tail) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
            rest = tail;
            opener.push(piece);
            while let Some(payload) = opener.payload().unwrap() {
                read.push(Message::decode(&payload).unwrap());
            }
        }
        prop_assert_eq!(read, sent);
    }

    #[test]
    fn any_bytes_are_a_frame_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let mut opener = Opener::new(&Keys::accessory(&[9; 32], &[8; 32], &[7; 32]));
        opener.push(&bytes);
        prop_assert!(!matches!(opener.payload(), Ok(Some(_))), "nobody can guess a tag");
    }
}
