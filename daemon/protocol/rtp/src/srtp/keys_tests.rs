// SPDX-License-Identifier: MIT OR Apache-2.0
//! The standards' own vectors for key streams and key derivation.

use super::*;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// Key stream of SSRC 0 and index 0 with the salt that both standards use.
fn key_stream(suite: Suite, key: &str, len: usize) -> Vec<u8> {
    let keys = SessionKeys {
        cipher: Cipher::new(suite, &hex(key)),
        salt: hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD").try_into().unwrap(),
        mac: <Hmac<Sha1> as hmac::KeyInit>::new_from_slice(&[]).unwrap(),
    };
    let mut stream = vec![0; len];
    keys.apply(0, 0, &mut stream);
    stream
}

/// What a master key derives: cipher key, salt, and the first 20 bytes of the authentication key.
fn derived(suite: Suite, key: &str, salt: &str) -> [Vec<u8>; 3] {
    let keys = SrtpKeys::new(suite, &hex(key), &hex(salt)).unwrap();
    let master = Cipher::new(suite, &keys.key);
    [(0, suite.key_len()), (2, SALT_LEN), (1, AUTH_KEY_LEN)].map(|(label, len)| {
        let mut out = vec![0; len];
        keys.derive_into(&master, label, &mut out);
        out
    })
}

#[test]
fn key_stream_is_that_of_rfc_3711_b_2() {
    let key = "2B7E151628AED2A6ABF7158809CF4F3C";
    let stream = key_stream(Suite::AesCm128HmacSha1_80, key, 0xff02 * 16);
    let first = "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB
                 41E95B3BB0A2E8DD477901E4FCA894C0";
    let late = "EC8CDF7398607CB0F2D21675EA9EA1E4 362B7C3C6773516318A077D7FC5073AE
                6A2CC3787889374FBEB4C81B17BA6C44";
    assert_eq!(stream[..48], hex(first));
    assert_eq!(stream[0xfeff * 16..], hex(late));
}

#[test]
fn keys_are_derived_as_in_rfc_3711_b_3() {
    let found = derived(
        Suite::AesCm128HmacSha1_80,
        "E1F97A0D3E018BE0D64FA32C06DE4139",
        "0EC675AD498AFEEBB6960B3AABE6",
    );
    let expected = [
        "C61E7A93744F39EE10734AFE3FF7A087",
        "30CBBC08863D8C85D49DB34A9AE1",
        "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4",
    ];
    assert_eq!(found, expected.map(hex));
}

#[test]
fn key_stream_is_that_of_rfc_6188_7_1() {
    let key = "57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98";
    let stream = key_stream(Suite::AesCm256HmacSha1_80, key, 0xff02 * 16);
    let first = "92bdd28a93c3f52511c677d08b5515a4 9da71b2378a854f67050756ded165bac
                 63c4868b7096d88421b563b8c94c9a31";
    let late = "cea518c90fd91ced9cbb18c078a54711 3dbc4814f4da5f00a08772b63c6a046d
                6eb246913062a16891433e97dd01a57f";
    assert_eq!(stream[..48], hex(first));
    assert_eq!(stream[0xfeff * 16..], hex(late));
}

#[test]
fn keys_are_derived_as_in_rfc_6188_7_2() {
    let found = derived(
        Suite::AesCm256HmacSha1_80,
        "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6",
        "3b04803de51ee7c96423ab5b78d2",
    );
    let expected = [
        "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4",
        "fa31791685ca444a9e07c6c64e93",
        "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05",
    ];
    assert_eq!(found, expected.map(hex));
}

#[test]
fn lengths_that_are_not_the_suites_are_refused() {
    for (suite, key, salt, fits) in [
        (Suite::AesCm128HmacSha1_80, 16, 14, true),
        (Suite::AesCm256HmacSha1_80, 32, 14, true),
        (Suite::AesCm128HmacSha1_80, 32, 14, false),
        (Suite::AesCm256HmacSha1_80, 16, 14, false),
        (Suite::AesCm128HmacSha1_80, 16, 13, false),
        (Suite::AesCm128HmacSha1_80, 0, 0, false),
    ] {
        let keys = SrtpKeys::new(suite, &vec![1; key], &vec![2; salt]);
        assert_eq!(keys.is_ok(), fits, "{suite:?} {key} {salt}");
    }
}
