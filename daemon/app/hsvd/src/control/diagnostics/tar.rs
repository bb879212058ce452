// SPDX-License-Identifier: MIT OR Apache-2.0
//! A tar archive of a few short texts. Spec: POSIX.1-2017 pax, ustar interchange format

const BLOCK: usize = 512;

/// `files` with their names, at most 100 bytes long, all changed at `at_s` of the Unix epoch.
pub fn archive(files: &[(&str, String)], at_s: u64) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, text) in files {
        out.extend(header(name, text.len(), at_s));
        out.extend(text.as_bytes());
        out.resize(out.len().next_multiple_of(BLOCK), 0);
    }
    out.resize(out.len() + 2 * BLOCK, 0);
    out
}

fn header(name: &str, size: usize, at_s: u64) -> [u8; BLOCK] {
    const CHECKSUM: std::ops::Range<usize> = 148..156;
    let mut block = [0; BLOCK];
    let mut put = |at: usize, text: &str| {
        for (to, from) in block.iter_mut().skip(at).zip(text.bytes()) {
            *to = from;
        }
    };
    put(0, name);
    put(100, "0000600\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{size:011o}\0"));
    put(136, &format!("{at_s:011o}\0"));
    put(CHECKSUM.start, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
    for (to, from) in block.iter_mut().skip(CHECKSUM.start).zip(format!("{sum:06o}\0 ").bytes()) {
        *to = from;
    }
    block
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn other_programs_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar");
        let long = "x".repeat(1024);
        let files = [("a.txt", "one\n".to_owned()), ("b.txt", String::new()), ("c.txt", long)];
        std::fs::write(&path, archive(&files, 1_700_000_000)).unwrap();
        let done = Command::new("tar").arg("-xf").arg(&path).arg("-C").arg(folder.path()).output();
        let done = done.expect("tar is on every machine that builds this");
        assert!(done.status.success() && done.stderr.is_empty(), "{done:?}");
        for (name, text) in files {
            assert_eq!(std::fs::read_to_string(folder.path().join(name)).unwrap(), text, "{name}");
        }
    }
}
