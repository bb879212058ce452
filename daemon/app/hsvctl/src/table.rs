// SPDX-License-Identifier: MIT OR Apache-2.0
//! Text in columns: all as wide as their widest cell, the last one broken into lines that fit.

use std::io;

use crate::out::{Out, Style};

/// Between two columns.
const GAP: &str = "  ";
/// A last column narrower than this is not worth breaking lines for.
pub const NARROWEST: usize = 16;

/// A piece of text and what it is to be taken for. Characters that steer instead of showing, which
/// could be anybody's (a viewer's, a controller's), do not reach the terminal.
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

/// `text` without characters that steer: control characters, and those that turn the direction of
/// writing, are not seen, or break lines.
pub fn clean(text: &str) -> String {
    let shown = |c: char| if c.is_control() || is_unseen(c) { '\u{fffd}' } else { c };
    text.chars().map(shown).collect()
}

/// Of the general categories Cf, Zl and Zp. Unicode 16.0, `DerivedGeneralCategory.txt`
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
        | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0001}' | '\u{e0020}'..='\u{e007f}')
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
        assert_eq!(plain("gpj.\u{202e}x\u{200b}\u{2028}é").text, "gpj.\u{fffd}x\u{fffd}\u{fffd}é");
    }
}
