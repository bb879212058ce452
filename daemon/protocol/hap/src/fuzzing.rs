// SPDX-License-Identifier: MIT OR Apache-2.0
//! The decoders behind [`crate::Server`], for fuzz targets. Compiled for them and for tests only.

use zeroize::Zeroizing;

use crate::{Characteristic, Format, Limits, Perms};
use crate::{
    http::{Head, MAX_HEAD},
    json::body::{PrepareBody, ReadQuery, ResourceBody, WriteBody},
    json::value,
    session::{Session, SharedSecret},
};

/// Frames of a session under a fixed key.
pub fn frame(data: &[u8]) {
    let mut session = Session::new(SharedSecret(Zeroizing::new([7; 32])));
    let (mut raw, mut plain) = (data.to_vec(), Vec::new());
    if session.open(&mut raw, &mut plain).is_ok() {
        assert!(raw.len() + plain.len() <= data.len());
    }
}

/// The head of a request.
pub fn http_head(data: &[u8]) {
    if let Ok(Some(head)) = Head::parse(data) {
        assert!(head.len <= data.len().min(MAX_HEAD));
        if let Some(query) = ReadQuery::parse(&head.query) {
            assert!(!query.ids.is_empty());
        }
    }
}

/// The bodies of PUT and POST, every value in every format.
pub fn json_body(data: &[u8]) {
    if let Ok(body) = serde_json::from_slice::<WriteBody>(data) {
        for json in body.characteristics.iter().filter_map(|item| item.value.as_ref()) {
            for format in [Format::Bool, Format::UInt64, Format::Int, Format::Float]
                .into_iter()
                .chain([Format::UInt8, Format::String, Format::Tlv8])
            {
                let perms = Perms::WRITE;
                let limits = Limits::default();
                let c = Characteristic { iid: 2, kind: 1, format, perms, limits, unit: None };
                if let Some(read) = value::read(&c, json) {
                    let mut out = String::new();
                    value::write(&mut out, &read);
                    assert!(serde_json::from_str::<serde_json::Value>(&out).is_ok());
                }
            }
        }
    }
    for result in [
        serde_json::from_slice::<PrepareBody>(data).err(),
        serde_json::from_slice::<ResourceBody>(data).err(),
    ] {
        drop(result);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};

    proptest! {
        #[test]
        fn any_bytes(data in vec(any::<u8>(), 0..3000)) {
            frame(&data);
            http_head(&data);
            json_body(&data);
        }

        #[test]
        fn any_value(json in "(-?[0-9]{1,30}(\\.[0-9]{1,5})?(e-?[0-9]{1,3})?|\"[ -~]{0,80}\"|null|true)") {
            json_body(format!(r#"{{"characteristics":[{{"aid":1,"iid":1,"value":{json}}}]}}"#).as_bytes());
        }
    }
}
