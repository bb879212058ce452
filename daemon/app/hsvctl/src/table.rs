// SPDX-License-Identifier: MIT OR Apache-2.0
//! Text in columns: all as wide as their widest cell, the last one broken into lines that fit.

use std::io;

use crate::out::{Out, Style};

/// Between two columns.
const GAP: &str = "  ";
/// A last column narrower than this is not worth breaking lines for.
const NARROWEST: usize = 16;

/// A piece of text and what it is to be taken for. Control characters, which could be anybody's
/// (a viewer's, a controller's), do not reach the terminal.
#[derive(Debug, Clone)]
pub struct Cell {
    style: Style,
    text: String,
}

/// A cell.
pub fn cell(style: Style, text: impl AsRef<str>) -> Cell {
    Cell { style, text: clean(text.as_ref()) }
}

/// A cell of plain text.
pub fn plain(text: impl AsRef<str>) -> Cell {
    cell(Style::Plain, text)
}

/// `text` without control characters.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Rows of columns.
#[derive(Debug, Default)]
pub struct Table {
    indent: usize,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// With a row of headings.
    pub fn headed(headings: &[&str]) -> Self {
        let row = headings.iter().map(|heading| cell(Style::Quiet, heading)).collect();
        Self { indent: 0, rows: vec![row] }
    }

    /// Without headings, moved to the right.
    pub fn indented(indent: usize) -> Self {
        Self { indent, rows: Vec::new() }
    }

    /// One more row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// To standard output.
    pub fn print(&self, out: &mut Out) -> io::Result<()> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let widest = |column: usize| -> usize {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell: &Cell| length(&cell.text)).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns.saturating_sub(1)).map(widest).collect();
        let taken = self.indent + widths.iter().map(|width| width + GAP.len()).sum::<usize>();
        let room = out.width().map(|width| width.saturating_sub(taken).max(NARROWEST));
        for row in &self.rows {
            let Some((last, first)) = row.split_last() else { continue };
            let mut line = " ".repeat(self.indent);
            for (cell, width) in first.iter().zip(&widths) {
                line.push_str(&out.paint(cell.style, &cell.text));
                line.push_str(&" ".repeat(width - length(&cell.text)));
                line.push_str(GAP);
            }
            let mut pieces = wrap(&last.text, room).into_iter();
            line.push_str(&out.paint(last.style, &pieces.next().unwrap_or_default()));
            out.line(&line)?;
            for piece in pieces {
                let piece = out.paint(last.style, &piece);
                out.line(&format!("{}{piece}", " ".repeat(taken)))?;
            }
        }
        Ok(())
    }
}

/// `text` in lines of at most `room` columns; a longer word is cut.
pub fn wrap(text: &str, room: Option<usize>) -> Vec<String> {
    let Some(room) = room.filter(|&room| room > 0) else { return vec![text.to_owned()] };
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        let line = lines.last_mut().expect("there is always a line");
        let gap = usize::from(!line.is_empty());
        if length(line) + gap + word.len() <= room {
            line.push_str(if gap == 1 { " " } else { "" });
            line.extend(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(String::new());
        }
        while word.len() > room {
            let rest = word.split_off(room);
            lines.last_mut().expect("there is always a line").extend(word);
            lines.push(String::new());
            word = rest;
        }
        lines.last_mut().expect("there is always a line").extend(word);
    }
    lines
}

/// Columns on a terminal, for text without wide characters; names of cameras are such.
fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_only_too_long_words_within() {
        for (text, room, lines) in [
            ("", 4, vec![""]),
            ("one two", 7, vec!["one two"]),
            ("one two", 6, vec!["one", "two"]),
            ("abcdefghij kl", 4, vec!["abcd", "efgh", "ij", "kl"]),
            ("a abcdefgh", 4, vec!["a", "abcd", "efgh"]),
        ] {
            assert_eq!(wrap(text, Some(room)), lines, "{text:?} in {room}");
        }
        assert_eq!(wrap("as long as it likes", None), ["as long as it likes"]);
    }

    #[test]
    fn what_a_stranger_sends_cannot_steer_the_terminal() {
        assert_eq!(plain("a\x1b[2Jb\n").text, "a\u{fffd}[2Jb\u{fffd}");
    }
}
