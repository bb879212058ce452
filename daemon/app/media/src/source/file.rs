// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures from a Y4M file, looped, at the file's own rate.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use frame::{Size, YuvPicture};

use super::SourceError;
use super::drawn::Painter;
use super::y4m::{self, Chroma, Header, Y4mError};
use crate::pool::Pool;
use crate::scale::Scaler;

/// Shows a file, scaled to the size of the pool.
pub(crate) struct FilePainter<R = BufReader<File>> {
    input: R,
    header: Header,
    /// Of the first picture's line.
    first: u64,
    /// Pictures read or passed over since the start, over all rounds.
    position: u64,
    /// Pictures of this round, to tell an empty file from one at its end.
    in_round: u64,
    shown: Option<Arc<YuvPicture>>,
    pool: Pool,
    reader: PictureReader,
}

impl FilePainter {
    /// Opens `path` and reads its header.
    pub(crate) fn open(path: &Path, size: Size, pictures: usize) -> Result<Self, SourceError> {
        // A pipe would hold the thread for as long as nobody writes to it.
        if !std::fs::metadata(path).map_err(Y4mError::from)?.is_file() {
            return Err(Y4mError::NotAFile.into());
        }
        Self::new(BufReader::new(File::open(path).map_err(Y4mError::from)?), size, pictures)
    }
}

impl<R: BufRead + Seek> FilePainter<R> {
    fn new(mut input: R, size: Size, pictures: usize) -> Result<Self, SourceError> {
        let header = y4m::read_header(&mut input)?;
        let first = input.stream_position().map_err(Y4mError::from)?;
        Ok(Self {
            input,
            header,
            first,
            position: 0,
            in_round: 0,
            shown: None,
            pool: Pool::new(size, pictures),
            reader: PictureReader::new(&header, size),
        })
    }

    /// Goes on to the picture at `index` and reads it.
    fn show(&mut self, index: u64) -> Result<(), Y4mError> {
        while self.position <= index {
            if !y4m::read_frame_line(&mut self.input)? {
                self.rewind()?;
                continue;
            }
            if self.position < index {
                y4m::skip_picture(&mut self.input, &self.header)?;
                self.advance();
                continue;
            }
            // The old picture may go first, so that its memory can be used again.
            self.shown = None;
            let (pool, reader) = (&mut self.pool, &mut self.reader);
            let input = &mut self.input;
            match pool.paint(|picture, ()| reader.read(input, picture)) {
                Ok(Some(picture)) => self.shown = Some(picture),
                Ok(None) => y4m::skip_picture(&mut self.input, &self.header)?,
                Err(Y4mError::Io(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                    self.rewind()?;
                    continue;
                }
                Err(error) => return Err(error),
            }
            self.advance();
        }
        Ok(())
    }

    fn advance(&mut self) {
        self.position += 1;
        self.in_round += 1;
    }

    fn rewind(&mut self) -> Result<(), Y4mError> {
        if self.in_round == 0 {
            return Err(Y4mError::Empty);
        }
        self.in_round = 0;
        self.input.seek(std::io::SeekFrom::Start(self.first))?;
        Ok(())
    }
}

impl<R: BufRead + Seek + Send> Painter for FilePainter<R> {
    fn paint(
        &mut self,
        _number: u64,
        elapsed: Duration,
    ) -> Result<Option<Arc<YuvPicture>>, SourceError> {
        let (up, down) = self.header.fps;
        // A nanosecond more, because `elapsed` is rounded down from a picture's exact time.
        let exact = (elapsed.as_nanos() + 1) * u128::from(up) / (u128::from(down) * 1_000_000_000);
        let index = u64::try_from(exact).expect("bounded by the rate");
        self.show(index)?;
        Ok(self.shown.clone())
    }
}

/// Reads one picture of the file into one of ours.
struct PictureReader {
    header: Header,
    scaler: Scaler,
    /// Chroma as the file has it, when that is not how we have it.
    chroma: Vec<u8>,
    /// The picture before scaling, when the sizes differ.
    unscaled: Option<YuvPicture>,
}

impl PictureReader {
    fn new(header: &Header, size: Size) -> Self {
        let unscaled = (header.size != size).then(|| YuvPicture::black(header.size));
        Self { header: *header, scaler: Scaler::default(), chroma: Vec::new(), unscaled }
    }

    fn read(&mut self, input: &mut impl Read, picture: &mut YuvPicture) -> Result<(), Y4mError> {
        match &mut self.unscaled {
            Some(unscaled) => {
                read_planes(&self.header, &mut self.chroma, input, unscaled)?;
                self.scaler.letterbox(unscaled, picture);
            }
            None => read_planes(&self.header, &mut self.chroma, input, picture)?,
        }
        Ok(())
    }
}

fn read_planes(
    header: &Header,
    chroma: &mut Vec<u8>,
    input: &mut impl Read,
    picture: &mut YuvPicture,
) -> Result<(), Y4mError> {
    let (width, height) = (usize::from(header.size.width), usize::from(header.size.height));
    let [y, u, v] = picture.planes_mut();
    input.read_exact(y)?;
    for plane in [u, v] {
        match header.chroma {
            Chroma::C420 => input.read_exact(plane)?,
            Chroma::Mono => plane.fill(128),
            Chroma::C422 | Chroma::C444 => {
                let (from_width, from_height) = header.chroma_size();
                chroma.resize(from_width * from_height, 0);
                input.read_exact(chroma)?;
                let columns = if header.chroma == Chroma::C444 { 2 } else { 1 };
                halve(chroma, (from_width, from_height), plane, (width.div_ceil(2), columns));
            }
        }
        debug_assert_eq!(plane.len(), width.div_ceil(2) * height.div_ceil(2));
        if header.is_full_range {
            plane.iter_mut().for_each(|sample| *sample = limited(*sample, 128, 224));
        }
    }
    if header.is_full_range {
        y.iter_mut().for_each(|sample| *sample = limited(*sample, 0, 219) + 16);
    }
    Ok(())
}

/// Averages two rows, and `columns` columns, into one sample.
fn halve(from: &[u8], size: (usize, usize), to: &mut [u8], (width, columns): (usize, usize)) {
    let (from_width, from_height) = size;
    for (row, to) in to.chunks_exact_mut(width).enumerate() {
        let rows = [2 * row, (2 * row + 1).min(from_height - 1)];
        for (column, to) in to.iter_mut().enumerate() {
            let first = columns * column;
            let last = (first + columns - 1).min(from_width - 1);
            let sum: u16 = rows
                .iter()
                .flat_map(|row| [row * from_width + first, row * from_width + last])
                .map(|index| u16::from(from[index]))
                .sum();
            *to = u8::try_from((sum + 2) / 4).expect("an average of bytes");
        }
    }
}

/// Full range to limited range around `zero`.
fn limited(sample: u8, zero: i32, range: i32) -> u8 {
    let scaled = (i32::from(sample) - zero) * range;
    let rounded = (scaled + if scaled < 0 { -127 } else { 127 }) / 255;
    u8::try_from(rounded + zero).expect("the limited range is the smaller one")
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A file of pictures of one colour: luma 20, 40, 60…
    fn file(parameters: &str, pictures: u8) -> Vec<u8> {
        let mut file = format!("YUV4MPEG2 {parameters}\n").into_bytes();
        let header = Header::parse(&file[..file.len() - 1]).unwrap();
        let chroma = header.picture_len() - header.size.area();
        for n in 1..=pictures {
            file.extend_from_slice(b"FRAME\n");
            file.resize(file.len() + header.size.area(), 20 * n);
            file.resize(file.len() + chroma / 2, 100);
            file.resize(file.len() + chroma / 2, 150);
        }
        file
    }

    fn painter(file: Vec<u8>, size: Size) -> FilePainter<Cursor<Vec<u8>>> {
        FilePainter::new(Cursor::new(file), size, 2).unwrap()
    }

    fn luma(painter: &mut FilePainter<Cursor<Vec<u8>>>, ms: u64) -> u8 {
        let picture = painter.paint(0, Duration::from_millis(ms)).unwrap().unwrap();
        picture.y().samples[picture.y().samples.len() / 2]
    }

    const SIZE: Size = Size::new(32, 16);

    #[test]
    fn the_file_plays_at_its_own_rate_and_loops() {
        let mut painter = painter(file("W32 H16 F10:1", 3), SIZE);
        // ms, luma: three pictures of 100 ms
        let table = [(0, 20), (33, 20), (100, 40), (199, 40), (250, 60), (300, 20), (900, 20)];
        for (ms, expected) in table {
            assert_eq!(luma(&mut painter, ms), expected, "at {ms} ms");
        }
    }

    #[test]
    fn equal_rates_show_every_picture_once() {
        let mut painter = painter(file("W32 H16 F30:1", 9), SIZE);
        for n in 0..27 {
            let elapsed = Duration::from_secs(n) / 30;
            let picture = painter.paint(n, elapsed).unwrap().unwrap();
            let expected = 20 * (u8::try_from(n).unwrap() % 9 + 1);
            assert_eq!(picture.y().samples[0], expected, "picture {n}");
        }
    }

    #[test]
    fn a_truncated_end_begins_anew() {
        let whole = file("W32 H16 F10:1", 2);
        for cut in 1..(SIZE.i420_len() + 6) {
            let mut painter = painter(whole[..whole.len() - cut].to_vec(), SIZE);
            assert_eq!(luma(&mut painter, 0), 20, "{cut} bytes cut off");
            assert_eq!(luma(&mut painter, 100), 20, "{cut} bytes cut off");
        }
    }

    #[test]
    fn a_file_without_a_whole_picture_is_an_error() {
        for file in [file("W32 H16 F10:1", 0), file("W32 H16 F10:1", 1)[..50].to_vec()] {
            let mut painter = painter(file, SIZE);
            let error = painter.paint(0, Duration::ZERO).unwrap_err();
            assert!(matches!(error, SourceError::File(Y4mError::Empty)), "{error:?}");
        }
    }

    #[test]
    fn other_layouts_become_ours() {
        for layout in ["C420paldv", "C422", "C444", "Cmono"] {
            let mut painter = painter(file(&format!("W32 H16 F10:1 {layout}"), 2), SIZE);
            let picture = painter.paint(0, Duration::ZERO).unwrap().unwrap();
            let expected = if layout == "Cmono" { [128, 128] } else { [100, 150] };
            assert_eq!([picture.u().samples[0], picture.v().samples[127]], expected, "{layout}");
            assert!(picture.y().samples.iter().all(|&luma| luma == 20), "{layout}");
            assert_eq!(luma(&mut painter, 100), 40, "{layout}: the next picture stands in line");
        }
    }

    #[test]
    fn full_range_is_made_limited() {
        let table = [(0, 16), (255, 235), (128, 126)];
        for (full, expected) in table {
            assert_eq!(limited(full, 0, 219) + 16, expected, "{full}");
        }
        assert_eq!([0, 128, 255].map(|full| limited(full, 128, 224)), [16, 128, 240]);
    }

    #[test]
    fn another_size_is_fitted() {
        let mut painter = painter(file("W32 H32 F10:1", 1), SIZE);
        let picture = painter.paint(0, Duration::ZERO).unwrap().unwrap();
        assert_eq!(picture.size(), SIZE);
        assert_eq!(picture.y().samples[8 * 32], 16, "a bar");
        assert_eq!(picture.y().samples[8 * 32 + 16], 20, "the picture");
    }
}
