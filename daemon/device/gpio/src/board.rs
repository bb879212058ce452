// SPDX-License-Identifier: MIT OR Apache-2.0
//! Board tables: what a board has, by the names that its kernel gives things.

mod table;

use std::fs;
use std::path::{Path, PathBuf};

pub use table::{
    Board, Button, Doorbell, EncoderKind, IrCutPart, IrLampPart, LightLimits, LightSensorPart,
    Line, Part, PrivacySwitch, Scaler, StatusLed,
};

/// Installed tables.
pub const INSTALLED: &str = "/usr/share/hsv/boards";
/// What this machine calls itself; absent on a PC.
pub const COMPATIBLE: &str = "/proc/device-tree/compatible";
/// The table for machines without a device tree.
pub const HOST: &str = "host";

/// No table is larger.
const LONGEST_TABLE: u64 = 64 << 10;

/// Why there is no board.
#[derive(Debug, thiserror::Error)]
pub enum BoardError {
    /// A file or folder cannot be read.
    #[error("{path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A key is unknown, or its value is not allowed.
    #[error("{path}")]
    Parse {
        /// Which table.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A table is not what its folder says, or longer than any can be.
    #[error("{path}: {reason}")]
    Table {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// More than one table is for this machine.
    #[error("several boards are for this machine: {}", .ids.join(", "))]
    Ambiguous {
        /// Their ids.
        ids: Vec<String>,
    },
    /// No table is for this machine, so that nobody knows where its privacy switch would be.
    #[error("no board table is for this machine ({}); there are {}", .names.join(", "), .ids.join(", "))]
    Unknown {
        /// What the machine calls itself.
        names: Vec<String>,
        /// The tables that there are.
        ids: Vec<String>,
    },
}

/// Reads every table `FOLDER/ID/board.toml`. A folder that is not there holds none.
///
/// # Errors
/// [`BoardError`]: one bad table is an error, whichever board it is for.
pub fn read_all(folder: &Path) -> Result<Vec<Board>, BoardError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| BoardError::Read { path, source }
    };
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut boards = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path().join("board.toml");
        if path.is_file() {
            boards.push(read(&path)?);
        }
    }
    boards.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(boards)
}

fn read(path: &Path) -> Result<Board, BoardError> {
    let failed = |source| BoardError::Read { path: path.to_owned(), source };
    let bad = |reason: &str| BoardError::Table { path: path.to_owned(), reason: reason.to_owned() };
    if fs::metadata(path).map_err(failed)?.len() > LONGEST_TABLE {
        return Err(bad("too long for a board table"));
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    let board = Board::parse(&text)
        .map_err(|source| BoardError::Parse { path: path.to_owned(), source: Box::new(source) })?;
    let folder = path.parent().and_then(Path::file_name);
    if folder.is_none_or(|name| name != board.id.as_str()) {
        return Err(bad(&format!("id {:?} is not the folder's name", board.id)));
    }
    Ok(board)
}

/// What the machine calls itself, the most particular name first: the file holds names that end
/// with a zero byte each. A machine without the file has no name.
pub fn compatible(file: &Path) -> Vec<String> {
    let text = fs::read(file).unwrap_or_default();
    let names = text.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}

/// Picks the one table for a machine of these names. A machine without names gets the table
/// [`HOST`]; where no tables are installed, a board without parts.
///
/// # Errors
/// [`BoardError::Ambiguous`], [`BoardError::Unknown`]
pub fn choose(boards: Vec<Board>, names: &[String]) -> Result<Board, BoardError> {
    let is_named = |board: &Board| board.compatible.iter().any(|name| names.contains(name));
    let is_host = |board: &Board| names.is_empty() && board.id == HOST;
    let (mut matching, rest): (Vec<_>, Vec<_>) =
        boards.into_iter().partition(|board| is_named(board) || is_host(board));
    let ids = |boards: Vec<Board>| boards.into_iter().map(|board| board.id).collect();
    match (matching.pop(), matching.is_empty()) {
        (Some(board), true) => Ok(board),
        (Some(board), false) => {
            matching.push(board);
            Err(BoardError::Ambiguous { ids: ids(matching) })
        }
        (None, _) if names.is_empty() || rest.is_empty() => Ok(Board::bare()),
        (None, _) => Err(BoardError::Unknown { names: names.to_vec(), ids: ids(rest) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(id: &str, compatible: &str) -> Board {
        let text = format!("schema = 1\nid = '{id}'\nname = 'Example'\ncompatible = {compatible}");
        Board::parse(&text).unwrap()
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn exactly_one_match_or_none() {
        let boards = || {
            vec![
                board("four", "['example,4', 'example,400']"),
                board("five", "['example,5']"),
                board("host", "[]"),
            ]
        };
        let chosen = |list: &[&str]| choose(boards(), &names(list)).map(|board| board.id);
        assert_eq!(chosen(&["example,400", "example,soc"]).unwrap(), "four");
        assert_eq!(chosen(&[]).unwrap(), "host");
        let error = chosen(&["other,1"]).unwrap_err().to_string();
        assert!(["other,1", "four", "host"].iter().all(|word| error.contains(word)), "{error}");
        assert_eq!(choose(Vec::new(), &names(&["other,1"])).unwrap().id, "host");
        let error = chosen(&["example,4", "example,5"]).unwrap_err();
        assert!(error.to_string().contains("four") && error.to_string().contains("five"));
        let bare = choose(Vec::new(), &[]).unwrap();
        assert_eq!((bare.id.as_str(), bare.fitted.as_slice()), ("host", [].as_slice()));
    }

    #[test]
    fn names_are_split_at_zero_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("compatible");
        fs::write(&file, b"raspberrypi,4-model-b\0brcm,bcm2711\0").unwrap();
        assert_eq!(compatible(&file), ["raspberrypi,4-model-b", "brcm,bcm2711"]);
        assert!(compatible(&folder.path().join("absent")).is_empty());
    }

    #[test]
    fn a_table_stands_in_a_folder_of_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let of = |id: &str| folder.path().join(id);
        fs::create_dir(of("one")).unwrap();
        let text = "schema = 1\nid = 'one'\nname = 'One'\ncompatible = []";
        fs::write(of("one").join("board.toml"), text).unwrap();
        fs::write(of("README.md"), "not a table").unwrap();
        assert_eq!(read_all(folder.path()).unwrap().len(), 1);
        fs::rename(of("one"), of("two")).unwrap();
        let error = read_all(folder.path()).unwrap_err();
        assert!(error.to_string().contains("not the folder's name"), "{error}");
        assert!(read_all(&of("absent")).unwrap().is_empty());
    }

    /// The tables of this repository: each is read, and no machine is two boards.
    #[test]
    fn our_own_tables_are_good() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../board");
        let boards = read_all(&folder).unwrap();
        let mut names: Vec<_> = boards.iter().flat_map(|board| board.compatible.clone()).collect();
        assert!(boards.len() >= 9 && boards.iter().any(|board| board.id == HOST));
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "a name stands in two tables");
        for board in boards {
            let chosen = choose(read_all(&folder).unwrap(), &board.compatible).unwrap();
            assert_eq!(chosen.id, board.id);
        }
    }
}
