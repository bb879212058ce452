// SPDX-License-Identifier: MIT OR Apache-2.0
//! YUV4MPEG2 (Y4M) files: a line of text, then pictures, each after a line of its own. Only the
//! format; pacing is elsewhere.

use std::io::{self, BufRead, Seek, SeekFrom};

use frame::Size;

/// How chroma is stored. Samples are of eight bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chroma {
    /// 4:2:0 in any siting: ours.
    C420,
    /// 4:2:2, halved in height on reading.
    C422,
    /// 4:4:4, halved both ways.
    C444,
    /// Luma alone.
    Mono,
}

/// The first line of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Picture size.
    pub size: Size,
    /// Pictures a second: numerator and denominator, both over zero.
    pub fps: (u32, u32),
    /// How chroma is stored.
    pub chroma: Chroma,
    /// Samples use all values from 0 to 255 instead of the limited range.
    pub is_full_range: bool,
}

/// Why a file is not usable. Offsets count from the start of the line.
#[derive(Debug, thiserror::Error)]
pub enum Y4mError {
    /// The file does not begin with `YUV4MPEG2`.
    #[error("not a YUV4MPEG2 file")]
    Magic,
    /// No end of line within [`MAX_LINE_BYTES`].
    #[error("header line is cut off or longer than {MAX_LINE_BYTES} bytes")]
    Line,
    /// A parameter makes no sense.
    #[error("unusable header parameter at byte {at}")]
    Parameter {
        /// Where it begins.
        at: usize,
    },
    /// Width, height or rate is missing.
    #[error("header without {0}")]
    Missing(&'static str),
    /// More than eight bits, alpha, or an unknown layout.
    #[error("chroma layout is not one of 420, 422, 444 and mono with 8 bits")]
    Chroma,
    /// A picture does not begin with `FRAME`.
    #[error("picture does not begin with FRAME")]
    Frame,
    /// The file has not one whole picture.
    #[error("file without a whole picture")]
    Empty,
    /// A pipe, a device, a folder: nothing that can be shown over and over.
    #[error("not a regular file")]
    NotAFile,
    /// The file cannot be read.
    #[error("file cannot be read")]
    Io(#[from] io::Error),
}

/// The longest header line.
pub const MAX_LINE_BYTES: usize = 1024;
/// The longest side of a picture.
pub const MAX_SIDE: u16 = 4096;

impl Header {
    /// Reads the first line, without its end.
    ///
    /// # Errors
    /// [`Y4mError`].
    pub fn parse(line: &[u8]) -> Result<Self, Y4mError> {
        let parameters = line.strip_prefix(MAGIC).ok_or(Y4mError::Magic)?;
        if !matches!(parameters.first(), None | Some(b' ')) {
            return Err(Y4mError::Magic);
        }
        let (mut width, mut height, mut fps) = (None, None, None);
        let (mut chroma, mut is_full_range) = (Chroma::C420, false);
        let mut at = MAGIC.len();
        for parameter in parameters.split(|&byte| byte == b' ') {
            let here = Y4mError::Parameter { at };
            at += parameter.len() + 1;
            let Some((tag, value)) = parameter.split_first() else { continue };
            match tag {
                b'W' => width = Some(side(value).ok_or(here)?),
                b'H' => height = Some(side(value).ok_or(here)?),
                b'F' => fps = Some(ratio(value).ok_or(here)?),
                b'C' => chroma = layout(value).ok_or(Y4mError::Chroma)?,
                b'X' if value == b"COLORRANGE=FULL" => is_full_range = true,
                _ => {} // interlacing and pixel shape do not change how we read it
            }
        }
        Ok(Self {
            size: Size::new(
                width.ok_or(Y4mError::Missing("width"))?,
                height.ok_or(Y4mError::Missing("height"))?,
            ),
            fps: fps.ok_or(Y4mError::Missing("rate"))?,
            chroma,
            is_full_range,
        })
    }

    /// Columns and rows of each of the two chroma planes.
    pub fn chroma_size(&self) -> (usize, usize) {
        let (width, height) = (usize::from(self.size.width), usize::from(self.size.height));
        match self.chroma {
            Chroma::C420 => (width.div_ceil(2), height.div_ceil(2)),
            Chroma::C422 => (width.div_ceil(2), height),
            Chroma::C444 => (width, height),
            Chroma::Mono => (0, 0),
        }
    }

    /// Bytes of a picture without its line. At most 48 MiB.
    pub fn picture_len(&self) -> usize {
        let (width, height) = self.chroma_size();
        self.size.area() + 2 * width * height
    }
}

/// Reads the first line of `input`.
///
/// # Errors
/// [`Y4mError`].
pub fn read_header(input: &mut impl BufRead) -> Result<Header, Y4mError> {
    let line = read_line(input)?.ok_or(Y4mError::Magic)?;
    Header::parse(&line)
}

/// Reads the line before a picture. `false` at the end of the file.
///
/// # Errors
/// [`Y4mError`]; a line that is cut off by the end of the file counts as the end.
pub fn read_frame_line(input: &mut impl BufRead) -> Result<bool, Y4mError> {
    let Some(line) = read_line(input)? else { return Ok(false) };
    match line.strip_prefix(FRAME) {
        Some([] | [b' ', ..]) => Ok(true),
        _ => Err(Y4mError::Frame),
    }
}

/// Passes over a picture without reading it.
///
/// # Errors
/// [`Y4mError::Io`].
pub fn skip_picture(input: &mut (impl BufRead + Seek), header: &Header) -> Result<(), Y4mError> {
    let len = i64::try_from(header.picture_len()).expect("bounded by MAX_SIDE");
    input.seek(SeekFrom::Current(len))?;
    Ok(())
}

/// A line without its end; `None` when the file ends before it does.
fn read_line(input: &mut impl BufRead) -> Result<Option<Vec<u8>>, Y4mError> {
    let mut line = Vec::new();
    let limit = u64::try_from(MAX_LINE_BYTES).expect("small");
    io::Read::take(&mut *input, limit).read_until(b'\n', &mut line)?;
    match line.pop() {
        Some(b'\n') => Ok(Some(line)),
        Some(_) if line.len() + 1 == MAX_LINE_BYTES => Err(Y4mError::Line),
        _ => Ok(None),
    }
}

fn number(text: &[u8]) -> Option<u32> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn side(text: &[u8]) -> Option<u16> {
    let side = u16::try_from(number(text)?).ok()?;
    (2..=MAX_SIDE).contains(&side).then_some(side)
}

/// A rate over zero and not above 1000 a second.
fn ratio(text: &[u8]) -> Option<(u32, u32)> {
    let colon = text.iter().position(|&byte| byte == b':')?;
    let (up, down) = (number(&text[..colon])?, number(&text[colon + 1..])?);
    (up > 0 && down > 0 && up / down <= 1000 && down / up <= 1000).then_some((up, down))
}

fn layout(text: &[u8]) -> Option<Chroma> {
    match text {
        b"420" | b"420jpeg" | b"420mpeg2" | b"420paldv" => Some(Chroma::C420),
        b"422" => Some(Chroma::C422),
        b"444" => Some(Chroma::C444),
        b"mono" => Some(Chroma::Mono),
        _ => None,
    }
}

const MAGIC: &[u8] = b"YUV4MPEG2";
const FRAME: &[u8] = b"FRAME";

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::{ProptestConfig, any, prop, prop_assert, proptest};

    use super::*;

    const LINE: &[u8] = b"YUV4MPEG2 W640 H360 F30000:1001 Ip A1:1 C420jpeg XYSCSS=420JPEG";

    #[test]
    fn a_header_as_ffmpeg_writes_it() {
        let header = Header::parse(LINE).unwrap();
        assert_eq!(header.size, Size::new(640, 360));
        assert_eq!(header.fps, (30_000, 1001));
        assert_eq!(header.chroma, Chroma::C420);
        assert!(!header.is_full_range);
        assert_eq!(header.picture_len(), 640 * 360 * 3 / 2);
    }

    #[test]
    fn other_headers() {
        let parse = |text: &str| Header::parse(text.as_bytes());
        let full = parse("YUV4MPEG2 W4 H4 F25:1 C444 XCOLORRANGE=FULL").unwrap();
        assert!(full.is_full_range);
        assert_eq!(full.picture_len(), 48);
        assert_eq!(parse("YUV4MPEG2 W5 H3 F25:1 C422").unwrap().picture_len(), 15 + 2 * 9);
        assert_eq!(parse("YUV4MPEG2 W5 H3 F25:1").unwrap().picture_len(), 15 + 2 * 6);
        assert_eq!(parse("YUV4MPEG2 W5 H3 F25:1 Cmono").unwrap().picture_len(), 15);
    }

    #[test]
    fn a_bad_header_says_what_is_wrong() {
        let table = [
            ("", "not a YUV4MPEG2 file"),
            ("YUV4MPEG W4 H4 F1:1", "not a YUV4MPEG2 file"),
            ("YUV4MPEG2W4 H4 F1:1", "not a YUV4MPEG2 file"),
            ("YUV4MPEG2", "header without width"),
            ("YUV4MPEG2 W4 F1:1", "header without height"),
            ("YUV4MPEG2 W4 H4", "header without rate"),
            ("YUV4MPEG2 W0 H4 F1:1", "unusable header parameter at byte 10"),
            ("YUV4MPEG2 W4 H-4 F1:1", "unusable header parameter at byte 13"),
            ("YUV4MPEG2 W4 H99999 F1:1", "unusable header parameter at byte 13"),
            ("YUV4MPEG2 W4 H4 F0:1", "unusable header parameter at byte 16"),
            ("YUV4MPEG2 W4 H4 F25", "unusable header parameter at byte 16"),
            ("YUV4MPEG2 W4 H4 F1:1 C420p10", "chroma layout is not one of"),
        ];
        for (line, expected) in table {
            let error = Header::parse(line.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{line}: {error}");
        }
    }

    #[test]
    fn lines_have_a_longest_length() {
        let mut endless = Cursor::new(vec![b'a'; MAX_LINE_BYTES * 2]);
        assert!(matches!(read_frame_line(&mut endless), Err(Y4mError::Line)));
        assert!(matches!(read_frame_line(&mut Cursor::new(b"FRAMES\n")), Err(Y4mError::Frame)));
        assert!(read_frame_line(&mut Cursor::new(b"FRAME Ip\n")).unwrap());
        assert!(!read_frame_line(&mut Cursor::new(b"FRAM")).unwrap(), "cut off is the end");
    }

    #[test]
    fn every_truncation_is_survived() {
        for len in 0..LINE.len() {
            if let Ok(header) = Header::parse(&LINE[..len]) {
                assert_eq!(header.size, Size::new(640, 360), "cut at {len}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_line_is_read_or_refused(tail in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut line = b"YUV4MPEG2 W4 H4 F1:1 ".to_vec();
            line.extend_from_slice(&tail);
            if let Ok(header) = Header::parse(&line) {
                prop_assert!(header.picture_len() <= 48 << 20);
            }
        }
    }
}
