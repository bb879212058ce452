// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bytes for another process, in memory that nobody can change any more.

use std::fs::File;
use std::io::{Seek, Write};

use ::control::Error;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use tracing::warn;
use zbus::OwnedFd;

/// `bytes`, sealed, to be read from their beginning.
///
/// # Errors
/// The system has no memory or no file descriptors.
pub fn sealed(name: &str, bytes: &[u8]) -> Result<OwnedFd, Error> {
    let make = || -> std::io::Result<File> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let mut file = File::from(memfd_create(name, flags)?);
        file.write_all(bytes)?;
        file.rewind()?;
        let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
        fcntl_add_seals(&file, seals)?;
        Ok(file)
    };
    let file = make().map_err(|error| {
        warn!(%error, name, "no memory to hand out");
        Error::Busy(format!("no memory to hand out: {error}"))
    })?;
    Ok(std::os::fd::OwnedFd::from(file).into())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn it_is_read_from_its_beginning_and_never_changed() {
        let fd: std::os::fd::OwnedFd = sealed("test", b"picture").unwrap().into();
        let mut file = File::from(fd);
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "picture");
        assert!(file.write_all(b"more").is_err());
        assert!(file.set_len(0).is_err());
    }
}
