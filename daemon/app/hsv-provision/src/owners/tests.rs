// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files as owners write them, good and bad.

use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Owners {
    Owners::parse(text, Coding::Utf8).unwrap()
}

/// Name and password of each network.
fn networks(owners: &Owners) -> Vec<(&str, &str)> {
    let networks = owners.wifi.as_ref().unwrap().networks.iter();
    let secret = |network: &Network| match &network.secret {
        Secret::None => None,
        Secret::Passphrase(text) | Secret::Key(text) => Some(text.clone()),
    };
    networks
        .map(|network| (&*network.ssid, secret(network).map_or("", |text| text.leak())))
        .collect()
}

#[test]
fn networks_are_read_in_each_way_that_toml_has() {
    let one = vec![("Home", "12345678")];
    let two = vec![("Home", "12345678"), ("Shed", "")];
    let rows = [
        ("[wifi]\nssid = 'Home'\npassword = '12345678'", one.clone()),
        ("\r\n[wifi]\r\nssid = \"Home\"\r\npassword = \"12345678\" # mine\r\n", one.clone()),
        ("wifi.ssid = 'Home'\nwifi.password = '12345678'", one.clone()),
        ("wifi = { ssid = 'Home', password = '12345678' }", one.clone()),
        ("[ \"wifi\" ]\npassword = '''\n12345678'''\nssid = 'Home'", one),
        ("[[wifi]]\nssid = 'Home'\npassword = '12345678'\n[[wifi]]\nssid = 'Shed'", two.clone()),
        ("wifi = [ { ssid = 'Home', password = '12345678' },\n { ssid = 'Shed' } ]", two),
        ("[wifi]\n", vec![]),
        ("[wifi]\ncountry = 'de'", vec![]),
        ("[[wifi]]\n[[wifi]]\n", vec![]),
        ("name = 'Porch'", vec![]),
    ];
    for (text, expected) in rows {
        let owners = parse(text);
        assert_eq!(networks(&owners), expected, "{text}");
        let after = parse(&owners.without_wifi);
        assert_eq!(networks(&after), [], "{text} leaves {}", owners.without_wifi);
        assert_eq!(owners.without_wifi.len(), text.len(), "{text}");
        assert!(!owners.without_wifi.contains("1234"), "{}", owners.without_wifi);
        assert!(!owners.without_wifi.contains("Home"), "{}", owners.without_wifi);
        let settings = owners.settings.unwrap();
        assert!(!toml::from_str::<toml::Table>(&settings).unwrap().contains_key("wifi"), "{text}");
    }
}

#[test]
fn the_rest_of_the_file_stays_as_it_was() {
    let text = "# My camera\r\nname = \"Porch\"\r\n\r\n# at home\r\n[wifi]\r\nssid = \"Home\"\r\n\
                password = \"12345678\"\r\n# not 12345678 any more\r\n# by the door\r\n\r\n[motion]\r\nhold-s = 5\r\n";
    let owners = parse(text);
    let expected = "# My camera\r\nname = \"Porch\"\r\n\r\n# at home\r\n[wifi]\r\n#            \r\n\
                    #                    \r\n#                      \r\n# by the door\r\n\r\n[motion]\r\nhold-s = 5\r\n";
    assert_eq!(owners.without_wifi, expected);
    let settings = expected.replace("[wifi]", "#     ");
    assert_eq!(owners.settings.unwrap(), settings);
}

#[test]
fn country_and_hidden_networks() {
    let wifi = parse("[wifi]\nssid = 'Home'\ncountry = 'de'\nhidden = true").wifi.unwrap();
    assert_eq!(wifi.country.as_deref(), Some("DE"));
    assert!(wifi.networks[0].is_hidden);
}

#[test]
fn what_is_wrong_is_told_by_its_place() {
    let many = "[[wifi]]\nssid = 'x'\n".repeat(MOST_NETWORKS + 1);
    // text, its place, what is said
    let rows = [
        ("[wifi]\nssid = 'Home'\npassword = '1234567'", (3, 12), "8 to 63"),
        ("[wifi]\nssid = ''", (2, 8), "1 to 32"),
        ("[wifi]\nssid = 5", (2, 8), "between two"),
        ("[wifi]\nname = 'Home'", (2, 1), "ssid, password, hidden, country"),
        ("[wifi]\npassword = '12345678'", (2, 12), "without ssid"),
        ("[wifi]\nhidden = true", (1, 1), "ssid"),
        ("[wifi]\nssid = 'x'\nhidden = 'yes'", (3, 10), "true or false"),
        ("[wifi]\nssid = 'x'\ncountry = 'Germany'", (3, 11), "two letters"),
        (
            "[[wifi]]\nssid = 'x'\ncountry = 'DE'\n[[wifi]]\nssid = 'y'\ncountry = 'FR'",
            (4, 1),
            "different",
        ),
        ("wifi = 'Home'", (1, 8), "[wifi]"),
        ("wifi = ['Home']", (1, 9), "[wifi]"),
        (&many, (1, 1), "more than 8"),
    ];
    for (text, at, said) in rows {
        let fault = parse(text).wifi.unwrap_err();
        assert_eq!(fault.at, Some(at), "{text}: {fault}");
        assert!(fault.text.contains(said), "{text}: {fault}");
        assert!(!fault.text.contains("1234"), "{fault}");
    }
}

#[test]
fn what_is_no_toml_is_told_by_its_place() {
    let rows = [
        ("name = \u{201c}Porch\u{201d}", (1, 8), "curly quotation mark"),
        (
            "[wifi]\nssid = 'x'\npassword = \u{201e}12345678\u{201c}",
            (3, 12),
            "curly quotation mark",
        ),
        ("name = \u{2018}Porch\u{2019}", (1, 8), "straight"),
        ("name = Porch", (1, 8), "quoted"),
        ("\u{fc}=1\n[wifi", (2, 6), ""),
        ("a = 1\na = 2", (2, 1), "duplicate"),
    ];
    for (text, at, said) in rows {
        let fault = Owners::parse(text, Coding::Utf8).unwrap_err();
        assert_eq!(fault.at, Some(at), "{text}: {fault}");
        assert!(fault.text.contains(said), "{text}: {fault}");
        assert!(!fault.text.contains("1234"), "{fault}");
    }
    let inside = "name = 'Anna\u{2019}s'\n[wifi]\nssid = '\u{201c}x\u{201d}'";
    assert_eq!(
        networks(&parse(inside)),
        [("\u{201c}x\u{201d}", "")],
        "in a string they are letters"
    );
}

#[test]
fn what_the_system_sets_is_not_the_owners() {
    let rows = [
        ("[hap]\nport = 1", (1, 2)),
        ("name = 'x'\nhds.port = 1", (2, 1)),
        ("[pairing]\nsetup-code = '1'", (1, 2)),
        ("[live]\nmtu = 1300\nport-range = '1-2'", (3, 1)),
    ];
    for (text, at) in rows {
        let owners = parse(text);
        assert_eq!(owners.settings.unwrap_err().at, Some(at), "{text}");
        assert!(owners.wifi.is_ok(), "{text}: a network is taken all the same");
    }
    assert!(parse("[live]\nmtu = 1300").settings.is_ok());
}

fn string() -> impl Strategy<Value = String> {
    "[ -~\u{e4}\u{1f4f7}]{1,8}".prop_map(|text| toml::Value::from(text).to_string())
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        if let Ok(owners) = Owners::parse(&text, Coding::Utf8) {
            prop_assert_eq!(owners.without_wifi.len(), text.len());
        }
    }

    #[test]
    fn taking_networks_out_takes_nothing_else(
        name in string(), comment in "[ -~]{0,20}", password in "[!-~]{8,63}", ssid in string(), is_list: bool,
        end in prop_oneof![Just("\n"), Just("\r\n")],
    ) {
        let header = if is_list { "[[wifi]]" } else { "[wifi]" };
        let quoted = toml::Value::from(password.clone()).to_string();
        let lines = [
            format!("name = {name} #{comment}"), format!("#{comment}"), format!(" {header} #{comment}"),
            format!("\tssid={ssid}"), format!("password = {quoted}#{comment}"), "[motion]".to_owned(),
            "hold-s = 5".to_owned(),
        ];
        let text = lines.join(end);
        for coding in [Coding::Utf8, Coding::Utf16Le] {
            let Ok(owners) = Owners::parse(&text, coding) else { panic!("{text}") };
            let bytes = |text: &str| coding.encode(text);
            prop_assert_eq!(bytes(&owners.without_wifi).len(), bytes(&text).len());
            let mut before: toml::Table = toml::from_str(&text).unwrap();
            let mut after: toml::Table = toml::from_str(&owners.without_wifi).unwrap();
            prop_assert!(!owners.without_wifi.contains(&quoted));
            prop_assert!(Owners::parse(&owners.without_wifi, coding).unwrap().wifi.unwrap().networks.is_empty());
            prop_assert_eq!(before.remove("wifi").is_some(), after.remove("wifi").is_some());
            prop_assert_eq!(&before, &after);
            let settings: toml::Table = toml::from_str(&owners.settings.unwrap()).unwrap();
            prop_assert_eq!(&settings, &before);
        }
    }
}
