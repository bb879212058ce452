// SPDX-License-Identifier: MIT OR Apache-2.0
//! Codes as telephones write them, and as nobody should.

use proptest::prelude::*;

use super::*;

fn parse(code: &str) -> Result<(String, Option<String>, bool), NoNetwork> {
    let code = WifiCode::parse(code.as_bytes())?;
    Ok((code.ssid, code.password.map(|password| password.to_string()), code.is_hidden))
}

#[test]
fn codes_are_read_as_telephones_write_them() {
    let key = "0123456789abcdefABCDEF0123456789".repeat(2);
    let (keyed, named) =
        (format!("WIFI:T:WPA;S:Home;P:{key};;"), format!("WIFI:S:{};;", "6e".repeat(32)));
    let (long, in_hex) = ("x".repeat(63), format!("WIFI:T:WPA;S:a;P:{};;", "78".repeat(63)));
    let home = "Home";
    // code, name, password, hidden
    let rows: [(&str, &str, Option<&str>, bool); 22] = [
        ("WIFI:T:WPA;S:Home;P:12345678;H:true;;", home, Some("12345678"), true),
        ("WIFI:S:Home;T:WPA;P:12345678;;", home, Some("12345678"), false),
        ("wifi:T:sae;S:Home;P:12345678;H:false;;", home, Some("12345678"), false),
        ("WIFI:T:WPA3;R:1;S:Home;P:12345678;I:me;;", home, Some("12345678"), false),
        ("WIFI:S:Home;P:12345678;;", home, Some("12345678"), false),
        ("WIFI:T:;S:Home;P:12345678;H:;;", home, Some("12345678"), false),
        ("WIFI:T:nopass;S:Home;;", home, None, false),
        ("WIFI:T:nopass;S:Home;P:;;", home, None, false),
        ("WIFI:S:Home;", home, None, false),
        (r#"WIFI:S:a\;b\:c\,d\\e\"f;;"#, r#"a;b:c,d\e"f"#, None, false),
        (r"WIFI:T:WPA;S:x;P:\;\;\:\,\\ab1;;", "x", Some(r";;:,\ab1"), false),
        (r"WIFI:T:WPA;S:x;P:1234567\\;;", "x", Some(r"1234567\"), false),
        ("WIFI:S:a:b,c;;", "a:b,c", None, false),
        ("WIFI:S:Caf\u{e9};;", "Caf\u{e9}", None, false),
        (r#"WIFI:S:"cafe";;"#, "cafe", None, false),
        (r#"WIFI:S:\"cafe\";;"#, r#""cafe""#, None, false),
        (r#"WIFI:S:";;"#, r#"""#, None, false),
        ("WIFI:S:cafe;;", "cafe", None, false),
        ("WIFI:S: a ;;", " a ", None, false),
        (&keyed, home, Some(&key), false),
        (&named, &"n".repeat(32), None, false),
        (&in_hex, "a", Some(&long), false),
    ];
    for (code, ssid, password, is_hidden) in rows {
        let expected = (ssid.to_owned(), password.map(str::to_owned), is_hidden);
        assert_eq!(parse(code), Ok(expected), "{code}");
    }
}

#[test]
fn what_is_no_network_is_refused() {
    use NoNetwork as N;
    let wide = |count: usize| format!("WIFI:S:{};;", "x".repeat(count));
    let secret = |text: &str| format!("WIFI:T:WPA;S:x;P:{text};;");
    let rows = [
        ("", N::AnotherCode),
        ("WIFI", N::AnotherCode),
        ("X-HM://0023ISYWYABCD", N::AnotherCode),
        ("WIFI:", N::Ssid),
        ("WIFI:;", N::Ssid),
        ("WIFI:;;", N::Spoilt),
        ("WIFI:T:WPA;P:12345678;;", N::Ssid),
        ("WIFI:S:;;", N::Ssid),
        (r#"WIFI:S:"";;"#, N::Ssid),
        ("WIFI:S:a\u{1b}[2J;;", N::Ssid),
        ("WIFI:S:a\0;;", N::Ssid),
        (&wide(33), N::Ssid),
        (&wide(600), N::Spoilt),
        (&format!(r#"WIFI:S:"{}";;"#, "6e".repeat(32)), N::Ssid),
        (&format!("WIFI:S:{};;", "6e".repeat(33)), N::Ssid),
        (&format!("WIFI:S:{};;", "ff".repeat(20)), N::Ssid),
        ("WIFI:S:Home", N::Spoilt),
        ("WIFI:S:Home\\", N::Spoilt),
        ("WIFI:S:Home\\;", N::Spoilt),
        ("WIFI:Home;;", N::Spoilt),
        ("WIFI::Home;;", N::Spoilt),
        ("WIFI:S:Home;;;", N::Spoilt),
        ("WIFI:S:Home;;S:Away;;", N::Spoilt),
        ("WIFI:S:Home;S:Away;;", N::Twice),
        ("WIFI:T:WPA;T:nopass;S:Home;;", N::Twice),
        ("WIFI:T:WEP;S:Home;P:12345;;", N::Kind),
        ("WIFI:T:WPA2-EAP;S:Home;P:12345678;;", N::Kind),
        ("WIFI:T:WPA;S:Home;;", N::Password),
        ("WIFI:T:WPA;S:Home;P:;;", N::Password),
        (&secret("1234567"), N::Password),
        (&secret("p\u{e4}ssword"), N::Password),
        (&secret("1234567\n"), N::Password),
        (&secret(&"x".repeat(64)), N::Password),
        (&secret(&"f".repeat(65)), N::Password),
        (&secret(&"78".repeat(64)), N::Password),
    ];
    for (code, why) in rows {
        assert_eq!(parse(code), Err(why), "{code:?}");
    }
    assert_eq!(WifiCode::parse(b"WIFI:S:\xff\xfe;;"), Err(N::Spoilt));
}

#[test]
fn a_code_cut_off_anywhere_is_none() {
    let code = "WIFI:T:WPA;S:Home;P:12345678;H:true;;";
    for end in 0..code.len() - 1 {
        let cut = parse(code.get(..end).unwrap());
        // At the end of a field it is another code, and a whole one
        let is_whole = code.get(..end).unwrap().ends_with(';') && end > "WIFI:T:WPA;S:Home;".len();
        assert_eq!(cut.is_ok(), is_whole, "cut at {end}");
    }
}

#[test]
fn a_secret_is_not_shown_by_accident() {
    let code = WifiCode::parse(b"WIFI:T:WPA;S:Home;P:12345678;;").unwrap();
    assert!(!format!("{code:?}").contains("1234"));
}

fn escaped(text: &str) -> String {
    let escape = |c| if r#"\;,:""#.contains(c) { vec!['\\', c] } else { vec![c] };
    text.chars().flat_map(escape).collect()
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        drop(WifiCode::parse(&bytes));
        drop(WifiCode::parse(&[SCHEME, &bytes].concat()));
    }

    /// What is read is what the standard allows, whatever was shown.
    #[test]
    fn what_is_read_can_be_joined(text in r#"([TSPHR]:([ -~\u{e9}]|\\.|[0-9a-f]{2}){0,80};){0,5};?"#) {
        if let Ok(code) = WifiCode::parse(format!("WIFI:{text}").as_bytes()) {
            prop_assert!((1..=32).contains(&code.ssid.len()));
            prop_assert!(code.password.is_none_or(|password| (8..=64).contains(&password.len())));
        }
    }

    #[test]
    fn what_is_written_is_read(
        ssid in "[ -~\u{e9}\u{1f4f7}]{1,8}", password in "[ -~]{8,63}", is_hidden: bool,
    ) {
        let (name, secret) = (escaped(&ssid), escaped(&password));
        let code = format!("WIFI:T:WPA;S:{name};P:{secret};H:{is_hidden};;");
        prop_assert_eq!(parse(&code), Ok((ssid, Some(password), is_hidden)));
    }
}
