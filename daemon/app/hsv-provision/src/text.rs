// SPDX-License-Identifier: MIT OR Apache-2.0
//! Text as editors of other systems write it, and back into the same bytes. Not for what it says.

/// How a file keeps its characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Without a byte order mark.
    Utf8,
    /// With a byte order mark, as Windows' Notepad wrote it for long.
    Utf8Marked,
    /// Notepad's "Unicode", with its byte order mark.
    Utf16Le,
    /// Notepad's "Unicode big endian", with its byte order mark.
    Utf16Be,
}

/// Why bytes are no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoText {
    /// Not UTF-8, and no mark of UTF-16 before it.
    #[error("line {line} has characters that are not UTF-8: save the file as \"UTF-8\"")]
    Utf8 {
        /// The first line with such a byte, from 1.
        line: usize,
    },
    /// Half a character.
    #[error("the file is not whole UTF-16 text: save it as \"UTF-8\"")]
    Utf16,
}

impl Coding {
    const ALL: [Self; 4] = [Self::Utf8Marked, Self::Utf16Le, Self::Utf16Be, Self::Utf8];

    fn mark(self) -> &'static [u8] {
        match self {
            Self::Utf8 => &[],
            Self::Utf8Marked => &[0xef, 0xbb, 0xbf],
            Self::Utf16Le => &[0xff, 0xfe],
            Self::Utf16Be => &[0xfe, 0xff],
        }
    }

    /// What `bytes` say.
    ///
    /// # Errors
    /// [`NoText`].
    pub fn decode(bytes: &[u8]) -> Result<(Self, String), NoText> {
        let coding = Self::ALL
            .into_iter()
            .find(|coding| bytes.starts_with(coding.mark()))
            .unwrap_or(Self::Utf8);
        let body = bytes.strip_prefix(coding.mark()).unwrap_or(bytes);
        let text = match coding {
            Self::Utf8 | Self::Utf8Marked => {
                str::from_utf8(body).map(str::to_owned).map_err(|error| {
                    let good = body.get(..error.valid_up_to()).unwrap_or_default();
                    NoText::Utf8 { line: 1 + good.iter().filter(|byte| **byte == b'\n').count() }
                })?
            }
            Self::Utf16Le => wide(body, u16::from_le_bytes)?,
            Self::Utf16Be => wide(body, u16::from_be_bytes)?,
        };
        Ok((coding, text))
    }

    /// The bytes of `text`, mark and all.
    pub fn encode(self, text: &str) -> Vec<u8> {
        let mut bytes = self.mark().to_vec();
        match self {
            Self::Utf8 | Self::Utf8Marked => bytes.extend(text.as_bytes()),
            Self::Utf16Le => bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
            Self::Utf16Be => bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
        }
        bytes
    }

    /// How many spaces take the place of `c`, so that what comes after it stays where it is.
    pub fn spaces_for(self, c: char) -> usize {
        match self {
            Self::Utf8 | Self::Utf8Marked => c.len_utf8(),
            Self::Utf16Le | Self::Utf16Be => c.len_utf16(),
        }
    }
}

fn wide(bytes: &[u8], unit: impl Fn([u8; 2]) -> u16) -> Result<String, NoText> {
    let (pairs, []) = bytes.as_chunks::<2>() else { return Err(NoText::Utf16) };
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .collect::<Result<_, _>>()
        .map_err(|_| NoText::Utf16)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_coding_of_notepad_is_known() {
        let rows: [(&[u8], Coding, &str); 5] = [
            (b"a = 1\r\n", Coding::Utf8, "a = 1\r\n"),
            (b"\xef\xbb\xbfa", Coding::Utf8Marked, "a"),
            (b"\xff\xfea\0\xfc\0", Coding::Utf16Le, "a\u{fc}"),
            (b"\xfe\xff\0a\0\xfc", Coding::Utf16Be, "a\u{fc}"),
            (b"", Coding::Utf8, ""),
        ];
        for (bytes, coding, text) in rows {
            assert_eq!(Coding::decode(bytes), Ok((coding, text.to_owned())), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_no_text_is_told_by_its_line() {
        assert_eq!(Coding::decode(b"a\nb\xfc"), Err(NoText::Utf8 { line: 2 }));
        assert_eq!(Coding::decode(b"\xff\xfea"), Err(NoText::Utf16));
        assert_eq!(Coding::decode(b"\xfe\xff\xd8\x00"), Err(NoText::Utf16));
    }

    proptest! {
        #[test]
        fn text_survives_each_coding(text in "[^\u{feff}]\\PC*") {
            for coding in Coding::ALL {
                let bytes = coding.encode(&text);
                prop_assert_eq!(Coding::decode(&bytes), Ok((coding, text.clone())));
                let blank: String = text.chars().map(|c| " ".repeat(coding.spaces_for(c))).collect();
                prop_assert_eq!(coding.encode(&blank).len(), bytes.len());
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            if let Ok((coding, text)) = Coding::decode(&bytes) {
                prop_assert_eq!(coding.encode(&text), bytes);
            }
        }
    }
}
