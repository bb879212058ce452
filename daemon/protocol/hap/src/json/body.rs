// SPDX-License-Identifier: MIT OR Apache-2.0
//! What controllers send: bodies of PUT and POST, and the query of GET /characteristics.

use serde::Deserialize;

/// Body of PUT /characteristics.
#[derive(Debug, Deserialize)]
pub struct WriteBody {
    pub characteristics: Vec<WriteItem>,
    /// Makes it the second half of a timed write.
    pub pid: Option<u64>,
}

/// One of its entries. What it also may hold changes nothing here: `remote` only tells that it
/// came through a home hub, and `authData` is for a permission that nothing here checks.
#[derive(Debug, Deserialize)]
pub struct WriteItem {
    pub aid: u64,
    pub iid: u64,
    /// JSON null counts as absent.
    pub value: Option<serde_json::Value>,
    pub ev: Option<Flag>,
    /// Asks for the value in the answer.
    pub r: Option<Flag>,
}

impl WriteItem {
    pub fn wants_response(&self) -> bool {
        self.r.is_some_and(Flag::is_set)
    }
}

/// `true`, `false`, `1` or `0`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub enum Flag {
    Bool(bool),
    Number(u8),
}

impl Flag {
    pub fn is_set(self) -> bool {
        match self {
            Self::Bool(flag) => flag,
            Self::Number(number) => number != 0,
        }
    }
}

/// Body of PUT /prepare.
#[derive(Debug, Deserialize)]
pub struct PrepareBody {
    /// Milliseconds.
    pub ttl: u64,
    pub pid: u64,
}

/// Body of POST /resource.
#[derive(Debug, Deserialize)]
pub struct ResourceBody {
    pub aid: Option<u64>,
    #[serde(rename = "resource-type")]
    pub resource_type: String,
    #[serde(rename = "image-width")]
    pub width: u32,
    #[serde(rename = "image-height")]
    pub height: u32,
    pub reason: Option<u8>,
}

/// Query of GET /characteristics.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ReadQuery {
    /// (aid, iid) in the order asked for; never empty.
    pub ids: Vec<(u64, u64)>,
    pub with_meta: bool,
    pub with_perms: bool,
    pub with_type: bool,
    pub with_ev: bool,
}

impl ReadQuery {
    /// Reads what stands after the question mark. `None` when `id` is missing, empty or garbled.
    pub fn parse(query: &str) -> Option<Self> {
        let mut parsed = Self::default();
        for pair in query.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let is_set = matches!(value, "1" | "true");
            match key {
                "id" => parsed.ids = ids(value)?,
                "meta" => parsed.with_meta = is_set,
                "perms" => parsed.with_perms = is_set,
                "type" => parsed.with_type = is_set,
                "ev" => parsed.with_ev = is_set,
                _ => {}
            }
        }
        (!parsed.ids.is_empty()).then_some(parsed)
    }
}

fn ids(value: &str) -> Option<Vec<(u64, u64)>> {
    // Some HTTP libraries escape the comma.
    let value = value.replace("%2C", ",").replace("%2c", ",");
    value
        .split(',')
        .map(|id| {
            let (aid, iid) = id.split_once('.')?;
            Some((number(aid)?, number(iid)?))
        })
        .collect()
}

/// Digits only: `parse` alone would take a sign.
fn number(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_in_order_or_refused() {
        let query = ReadQuery::parse("id=1.10,1.9,2.1&meta=1&ev=true&perms=0&new=1").unwrap();
        assert_eq!(query.ids, [(1, 10), (1, 9), (2, 1)]);
        assert!(query.with_meta && query.with_ev && !query.with_perms && !query.with_type);
        assert_eq!(ReadQuery::parse("id=1.1%2C1.2").unwrap().ids.len(), 2);
        for garbled in [
            "",
            "id",
            "id=",
            "id=1",
            "id=1.",
            "id=.1",
            "id=1.2,",
            "id=1.+2",
            "id=1.2.3",
            "id=a.b",
            "id=1.99999999999999999999",
            "meta=1",
        ] {
            assert_eq!(ReadQuery::parse(garbled), None, "{garbled}");
        }
    }
}
