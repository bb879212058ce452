// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every key of the file with its default, for whoever shows or sets one. What a key means and may
//! be is said by its type alone; the tests hold this list to them.

/// `table.key` and the default as TOML; empty where the key is then absent.
pub const KEYS: [(&str, &str); 42] = [
    ("name", "\"Camera\""),
    ("hap.bind", "\"::\""),
    ("hap.port", "51826"),
    ("hap.advertise", "true"),
    ("hds.port", "51827"),
    ("pairing.setup-code", ""),
    ("pairing.setup-id", ""),
    ("video.source", "\"test-pattern\""),
    ("video.width", "1920"),
    ("video.height", "1080"),
    ("video.fps", "30"),
    ("video.encoder", "\"auto\""),
    ("video.encoder-budget", "60"),
    ("video.scaler", "\"auto\""),
    ("video.crop", ""),
    ("video.controls.horizontal-flip", "false"),
    ("video.controls.vertical-flip", "false"),
    ("video.controls.exposure-us", ""),
    ("video.controls.gain", ""),
    ("video.controls.white-balance-k", ""),
    ("audio.source", "\"none\""),
    ("audio.speaker", "\"none\""),
    ("motion.sensitivity", "50"),
    ("motion.hold-s", "10"),
    ("motion.zones", "[]"),
    ("motion.minimum-size", "0.001"),
    ("recording.prebuffer-ms", "4000"),
    ("recording.silent-audio-track", "\"auto\""),
    ("recording.maximum-s", "180"),
    ("recording.after-motion-s", "10"),
    ("recording.acknowledge-s", "12"),
    ("recording.stall-s", "15"),
    ("recording.offer-15-fps", "true"),
    ("live.mtu", "1200"),
    ("live.port-range", ""),
    ("live.maximum-viewers", "4"),
    ("live.talkback", "true"),
    ("body.board", ""),
    ("body.fitted", ""),
    ("control.bus", "\"system\""),
    ("control.metrics", ""),
    ("snapshot.quality", "80"),
];

/// Tables that are the owner's file's alone: who may pair, what is on the case (a privacy switch
/// that is not fitted shuts nothing), who may command the camera, and where it listens: with a
/// port that cannot be had it would not start, and nobody could set another.
pub const OWNERS: [&str; 5] = ["body", "control", "hap", "hds", "pairing"];

/// Keys whose values are never shown.
pub const SECRETS: [&str; 2] = ["pairing.setup-code", "pairing.setup-id"];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::Config;
    use super::*;

    fn written(key: &str, value: &str) -> String {
        match key.rsplit_once('.') {
            Some((table, key)) => format!("[{table}]\n{key} = {value}"),
            None => format!("{key} = {value}"),
        }
    }

    #[test]
    fn every_default_is_the_default() {
        for (key, default) in KEYS.iter().filter(|(_, default)| !default.is_empty()) {
            let config = Config::parse(&written(key, default)).expect(key);
            assert_eq!(config, Config::default(), "{key} = {default}");
        }
    }

    /// What serde expects in `table`, from its complaint about a key that is in none.
    fn expected(table: &str) -> Vec<String> {
        let key = if table.is_empty() { "no-such-key" } else { &format!("{table}.no-such-key") };
        let complaint = Config::parse(&written(key, "1")).expect_err(key).to_string();
        let (_, names) = complaint.split_once("expected ").expect(&complaint);
        names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn the_list_is_complete() {
        let listed: BTreeSet<String> = KEYS.iter().map(|(key, _)| (*key).to_owned()).collect();
        assert_eq!(listed.len(), KEYS.len(), "twice");
        let tables: BTreeSet<&str> = KEYS
            .iter()
            .filter_map(|(key, _)| key.rsplit_once('.'))
            .map(|(table, _)| table)
            .collect();
        let mut known = BTreeSet::new();
        for table in tables.iter().copied().chain([""]) {
            for key in expected(table) {
                let key = if table.is_empty() { key } else { format!("{table}.{key}") };
                if !tables.contains(key.as_str()) {
                    known.insert(key);
                }
            }
        }
        assert_eq!(listed, known);
    }
}
