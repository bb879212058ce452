// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a system says of itself in `/usr/lib/os-release`.

/// How our images call themselves: `IMAGE_ID=hsv-BOARD`.
const OURS: &str = "hsv-";

/// The version of an image of ours.
///
/// Spec: os-release(5)
#[must_use]
pub fn version(os_release: &str) -> Option<&str> {
    let field = |name: &str| {
        let line = os_release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.map(|value| value.trim().trim_matches(['"', '\'']))
    };
    field("IMAGE_ID")?.strip_prefix(OURS)?;
    let version = field("IMAGE_VERSION")?;
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_version = version.split('.').count() == 3 && version.split('.').all(is_number);
    is_version.then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_image_of_ours_has_a_say() {
        let table = [
            ("ID=debian\nIMAGE_ID=hsv-rock-3a\nIMAGE_VERSION=1.2.3\n", Some("1.2.3")),
            ("IMAGE_VERSION=\"1.2.3\"\nIMAGE_ID='hsv-rock-3a'\n", Some("1.2.3")),
            ("IMAGE_ID=other\nIMAGE_VERSION=1.2.3\n", None),
            ("IMAGE_ID=hsv-rock-3a\nIMAGE_VERSION=1.2.3-rc1\n", None),
            ("IMAGE_ID=hsv-rock-3a\nIMAGE_VERSION=1.2\n", None),
            ("IMAGE_ID=hsv-rock-3a\n", None),
            ("XIMAGE_ID=hsv-rock-3a\nIMAGE_VERSION=1.2.3\n", None),
            ("", None),
        ];
        for (text, told) in table {
            assert_eq!(version(text), told, "{text}");
        }
    }
}
