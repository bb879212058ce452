// SPDX-License-Identifier: MIT OR Apache-2.0
//! What may be set, what may not, and what comes of it.

use super::*;

const FILE: &str = "name = \"Porch\"\n[video]\nwidth = 1280\nheight = 720\n[pairing]\n\
                    setup-code = \"031-45-155\"\n";

fn owners(text: &str) -> OwnersFile {
    OwnersFile { table: toml::from_str(text).unwrap(), config: Config::parse(text).unwrap() }
}

fn store() -> (tempfile::TempDir, Arc<Store>) {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(folder.path()).unwrap());
    (folder, store)
}

#[test]
fn what_is_set_stands_above_the_file_from_the_next_start_on() {
    let (folder, store) = store();
    let (settings, config) = Settings::load(&store, owners(FILE)).unwrap();
    assert_eq!(config.video.width.get(), 1280);
    let set = settings.with("video.width", "640").unwrap();
    let set = set.with("video.controls.gain", "7").unwrap().with("name", "\"Door\"").unwrap();
    assert!(set.is_restart_needed());
    set.save(&store).unwrap();
    let (again, config) = Settings::load(&store, owners(FILE)).unwrap();
    assert_eq!((config.video.width.get(), config.video.height.get()), (640, 720));
    assert_eq!((config.name.as_str(), config.video.controls.gain), ("Door", Some(7)));
    assert!(!again.is_restart_needed());
    let seen = Settings::glance(folder.path(), owners(FILE)).unwrap(); // while the store is open
    assert_eq!(seen, config);
    let empty = tempfile::tempdir().unwrap();
    let seen = Settings::glance(&empty.path().join("none"), owners(FILE)).unwrap();
    assert_eq!(seen.video.width.get(), 1280);
    assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0, "nothing is made");
    let back = again.without("video.width").unwrap();
    assert!(back.is_restart_needed());
    assert!(!back.with("video.width", "640").unwrap().is_restart_needed(), "as it runs");
}

#[test]
fn the_list_says_where_each_value_is_from_and_shows_no_secret() {
    let (_folder, store) = store();
    let (settings, _) = Settings::load(&store, owners(FILE)).unwrap();
    let listed = settings.with("video.fps", "15").unwrap().list();
    let of = |key: &str| {
        let one = listed.iter().find(|one| one.key == key).unwrap();
        (one.value.as_str(), one.from.as_str())
    };
    assert_eq!(of("video.width"), ("1280", "file"));
    assert_eq!(of("video.fps"), ("15", "set"));
    assert_eq!(of("video.encoder"), ("\"auto\"", "default"));
    assert_eq!(of("pairing.setup-code"), ("\"(not shown)\"", "file"));
    assert_eq!(of("pairing.setup-id"), ("", "default"));
    assert!(!format!("{listed:?}").contains("031-45"), "{listed:?}");
}

#[test]
fn what_the_files_reader_refuses_cannot_be_set() {
    let (_folder, store) = store();
    let (settings, _) = Settings::load(&store, owners(FILE)).unwrap();
    let table = [
        ("video.width", "641", "even"),
        ("video.width", "\"wide\"", "invalid type"),
        ("video.fps", "0", "nonzero"),
        ("video.fps", "", "value"),
        ("video.fps", "15\nheight = 480", "more than one"),
        ("video.fps", "15\n[hap]\nport = 1", "more than one"),
        ("name", "Porch", "value"),
        ("name", "\"\"", "1 to 63"),
        ("motion.sensitivity", "101", "sensitivity"),
        ("no.such", "1", "no setting no.such"),
        ("video", "1", "no setting video"),
        ("", "1", "no setting"),
        ("pairing.setup-code", "\"999-88-777\"", "file alone"),
        ("body.fitted", "[]", "file alone"),
        ("control.bus", "\"none\"", "file alone"),
        ("hap.port", "80", "file alone"),
        ("hds.port", "51826", "file alone"),
        ("video.source", "\"file:/etc/passwd\"", "names a file"),
        ("video.encoder", "\"rkmpp:/tmp/library.so\"", "names a file"),
        ("audio.speaker", "\"file:/var/lib/hsv/identity.a\"", "names a file"),
        ("audio.speaker", "\"alsa:tee:default,'/var/lib/hsv/identity.a',raw\"", "names a file"),
        ("name", &format!("\"{}\"", "x".repeat(5000)), "too long"),
    ];
    for (key, value, named) in table {
        let refused = settings.with(key, value).expect_err(value).to_string();
        assert!(refused.contains(named), "{key} = {value:?}: {refused:?} without {named:?}");
    }
    for (key, value) in
        [("video.source", "\"v4l2:/dev/video0\""), ("audio.source", "\"alsa:plughw:1,0\"")]
    {
        settings.with(key, value).unwrap();
    }
}

#[test]
fn settings_of_another_version_do_not_keep_the_camera_from_starting() {
    let (_folder, store) = store();
    let strange = [("video.width", "641"), ("later.key", "1"), ("name.inner", "1"), ("x", "= =")];
    for (key, value) in strange {
        let stored: Overlay = [(key.to_owned(), value.to_owned())].into();
        store.save(DOMAIN, &stored).unwrap();
        let (settings, config) = Settings::load(&store, owners(FILE)).unwrap();
        assert_eq!(config, owners(FILE).config, "{key}");
        settings.with("video.fps", "15").unwrap_or_else(|error| panic!("after {key}: {error}"));
        let mut beside = stored;
        beside.extend(
            [("audio.source", "\"silence\""), ("live.talkback", "false")]
                .map(|(key, value)| (key.to_owned(), value.to_owned())),
        );
        store.save(DOMAIN, &beside).unwrap();
        let (settings, config) = Settings::load(&store, owners(FILE)).unwrap();
        assert!(!config.live.talkback, "what can be used is, beside {key}");
        assert_ne!(config.audio, owners(FILE).config.audio, "beside {key}");
        assert!(!settings.wanted.contains_key(key), "{key} is not in the way");
    }
}

#[test]
fn a_spoilt_document_does_not_keep_the_camera_from_starting() {
    let (folder, store) = store();
    for content in ["", "spoilt"] {
        for copy in ["a", "b"] {
            std::fs::write(folder.path().join(format!("{DOMAIN}.{copy}")), content).unwrap();
        }
        let (settings, config) = Settings::load(&store, owners(FILE)).unwrap();
        assert_eq!(config, owners(FILE).config);
        settings.with("video.fps", "15").unwrap().save(&store).unwrap();
        let (_, config) = Settings::load(&store, owners(FILE)).unwrap();
        assert_eq!(config.video.fps.get(), 15);
    }
    store.save(DOMAIN, &["no", "table"]).unwrap();
    Settings::load(&store, owners(FILE)).unwrap();
}

proptest::proptest! {
    #[test]
    fn any_text_is_refused_or_set(key in "[a-z.-]{0,20}", value in "\\PC{0,60}") {
        let owners = owners(FILE);
        let settings = Settings {
            file: owners.table,
            running: Overlay::new(),
            wanted: Overlay::new(),
        };
        for key in [key.as_str(), "name", "motion.zones", "video.source"] {
            if let Ok(set) = settings.with(key, &value) {
                let text = merge(&set.file, &set.wanted).unwrap();
                proptest::prop_assert!(Config::parse(&text).is_ok());
            }
        }
    }
}
