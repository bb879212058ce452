// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which devices there are, by what they can do. `/dev/videoN` changes from one start to the next.

mod sysfs;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::{Capabilities, Device, FourCc, Ops, Queue, has_ended};

use sysfs::Told;

/// An H.264 encoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncoderNode {
    /// Its node at this moment.
    pub path: PathBuf,
    /// What it is and where.
    pub capabilities: Capabilities,
    /// Pictures it reads.
    pub formats: Vec<FourCc>,
}

impl EncoderNode {
    /// Whether `name` is its driver, its name for people or its place.
    pub fn is_called(&self, name: &str) -> bool {
        is_called(&self.capabilities, name)
    }
}

/// The H.264 encoders of this machine, in the order of their nodes' numbers. Nodes that cannot be
/// opened or asked are left out. No node that may be a camera is opened. One whose end hangs is not
/// asked: what it last said holds.
///
/// # Errors
/// When `/dev` cannot be read.
pub fn find_encoders() -> io::Result<Vec<EncoderNode>> {
    Ok(ask_all(&ENCODERS, &processors(Told::is_processor)?, encoder, |node| &node.path))
}

/// The first H.264 encoder with this driver, name or place; `None` when there is none. One that
/// the kernel lists under this name is asked even if it looks like no encoder there.
///
/// # Errors
/// When `/dev` cannot be read.
pub fn find_encoder_called(name: &str) -> io::Result<Option<EncoderNode>> {
    let is_asked = |told: &Told| told.is_processor() || told.is_called(name);
    let found = ask_all(&ENCODERS, &processors(is_asked)?, encoder, |node| &node.path);
    Ok(found.into_iter().find(|node| node.is_called(name)))
}

/// A scaler: pictures in, pictures out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScalerNode {
    /// Its node at this moment.
    pub path: PathBuf,
    /// What it is and where.
    pub capabilities: Capabilities,
    /// Pictures that it reads and makes.
    pub formats: Vec<FourCc>,
}

impl ScalerNode {
    /// Whether `name` is its driver, its name for people or its place.
    pub fn is_called(&self, name: &str) -> bool {
        is_called(&self.capabilities, name)
    }
}

/// The devices of this machine that make pictures of pictures, in the order of their nodes'
/// numbers. Not all of them scale: a deinterlacer looks the same until it runs. Nodes that cannot
/// be opened or asked are left out. No node that may be a camera is opened. One whose end hangs is
/// not asked: what it last said holds.
///
/// # Errors
/// When `/dev` cannot be read.
pub fn find_scalers() -> io::Result<Vec<ScalerNode>> {
    Ok(ask_all(&SCALERS, &processors(Told::is_processor)?, scaler, |node| &node.path))
}

/// What was found, by the last who asked.
type Seen<T> = Mutex<Vec<T>>;
static ENCODERS: Seen<EncoderNode> = Seen::new(Vec::new());
static SCALERS: Seen<ScalerNode> = Seen::new(Vec::new());

/// A driver may hold a lock of all its calls while it hangs, so that who asks would hang too.
fn ask_all<T: Clone>(
    seen: &Seen<T>,
    paths: &[PathBuf],
    ask: fn(PathBuf) -> Option<T>,
    path_of: fn(&T) -> &PathBuf,
) -> Vec<T> {
    let last = |path: &PathBuf| {
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().find(|node| path_of(node) == path).cloned()
    };
    let node = |path: &PathBuf| if has_ended(path) { ask(path.clone()) } else { last(path) };
    let found: Vec<T> = paths.iter().filter_map(node).collect();
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.retain(|node| !paths.contains(path_of(node)));
    seen.extend_from_slice(&found);
    found
}

/// The nodes whose words in sysfs are what is wanted; none is opened.
fn processors(is_wanted: impl Fn(&Told) -> bool) -> io::Result<Vec<PathBuf>> {
    let mut nodes = nodes(Path::new("/dev"))?;
    nodes.retain(|path| {
        Told::of(Path::new(sysfs::CLASS), path).is_some_and(|told| is_wanted(&told))
    });
    Ok(nodes)
}

/// Where a camera is: on the same bus by the same name it is the same one, whatever its node is
/// called after it was unplugged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    bus: String,
    card: String,
    /// Its node when it was seen: a device may have several alike.
    node: PathBuf,
}

impl Place {
    /// That of a device with these capabilities, seen as `node`.
    pub fn of(capabilities: &Capabilities, node: PathBuf) -> Self {
        let Capabilities { bus, card, .. } = capabilities;
        Self { bus: bus.clone(), card: card.clone(), node }
    }

    fn is_of(&self, capabilities: &Capabilities) -> bool {
        (&capabilities.bus, &capabilities.card) == (&self.bus, &self.card)
    }

    /// The node of the camera that is there now: the one that it had, if that is still it.
    ///
    /// # Errors
    /// Of kind `NotFound` when none is; others when `/dev` cannot be read.
    pub fn find(&self) -> io::Result<PathBuf> {
        if capture_at(&self.node).is_some_and(|found| self.is_of(&found)) {
            return Ok(self.node.clone());
        }
        let missing = || format!("no camera {:?} on {}", self.card, self.bus);
        find_camera(|capabilities| self.is_of(capabilities), missing)
    }
}

/// The node of the first camera with this driver, name or place.
///
/// # Errors
/// Of kind `NotFound` when there is none; others when `/dev` cannot be read.
pub fn find_camera_called(name: &str) -> io::Result<PathBuf> {
    find_camera(|capabilities| is_called(capabilities, name), || format!("no camera {name:?}"))
}

fn find_camera(
    is_wanted: impl Fn(&Capabilities) -> bool,
    missing: impl FnOnce() -> String,
) -> io::Result<PathBuf> {
    let is_it = |path: &PathBuf| capture_at(path).is_some_and(|found| is_wanted(&found));
    let found = nodes(Path::new("/dev"))?.into_iter().find(is_it);
    found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, missing()))
}

/// What the camera at `path` is; `None` where there is none.
fn capture_at(path: &Path) -> Option<Capabilities> {
    if !has_ended(path) {
        return None;
    }
    let capabilities = Device::open(path).ok()?.capabilities().ok()?;
    capabilities.capture.is_some().then_some(capabilities)
}

fn is_called(capabilities: &Capabilities, name: &str) -> bool {
    let Capabilities { driver, card, bus, .. } = capabilities;
    [driver, card, bus].into_iter().any(|called| called == name)
}

fn encoder(path: PathBuf) -> Option<EncoderNode> {
    let device = Device::open(&path).ok()?;
    let capabilities = device.capabilities().ok()?;
    let formats = raw_formats(&device, &capabilities)?;
    Some(EncoderNode { path, capabilities, formats })
}

fn scaler(path: PathBuf) -> Option<ScalerNode> {
    let device = Device::open(&path).ok()?;
    let capabilities = device.capabilities().ok()?;
    let formats = scaled_formats(&device, &capabilities)?;
    Some(ScalerNode { path, capabilities, formats })
}

/// A decoder has the formats the other way round; a scaler has no coded ones.
fn raw_formats<O: Ops>(ops: &O, capabilities: &Capabilities) -> Option<Vec<FourCc>> {
    let (formats, made) = formats(ops, capabilities)?;
    (made.contains(&FourCc::H264) && !formats.is_empty()).then_some(formats)
}

/// Those that it reads and makes too.
fn scaled_formats<O: Ops>(ops: &O, capabilities: &Capabilities) -> Option<Vec<FourCc>> {
    let (mut formats, made) = formats(ops, capabilities)?;
    formats.retain(|format| made.contains(format));
    (!formats.is_empty()).then_some(formats)
}

/// Of raw pictures those that it reads, and all that it makes.
fn formats<O: Ops>(ops: &O, capabilities: &Capabilities) -> Option<(Vec<FourCc>, Vec<FourCc>)> {
    let planes = capabilities.m2m?;
    let mut formats = ops.formats(Queue::output(planes)).ok()?;
    formats.retain(|format| [FourCc::NV12, FourCc::YUV420].contains(format));
    Some((formats, ops.formats(Queue::capture(planes)).ok()?))
}

fn nodes(dev: &Path) -> io::Result<Vec<PathBuf>> {
    let mut numbered = Vec::new();
    for entry in dev.read_dir()? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name.and_then(|name| name.strip_prefix("video")?.parse::<u32>().ok());
        numbered.extend(number.map(|number| (number, path)));
    }
    numbered.sort();
    Ok(numbered.into_iter().map(|(_, path)| path).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_come_in_the_order_of_their_numbers() {
        let dev = std::env::temp_dir().join(format!("hsv-nodes-{}", std::process::id()));
        std::fs::create_dir(&dev).unwrap();
        for name in ["video10", "video2", "videox", "media0", "v4l", "video"] {
            std::fs::write(dev.join(name), "").unwrap();
        }
        let found = nodes(&dev).unwrap();
        std::fs::remove_dir_all(&dev).unwrap();
        assert_eq!(found, [dev.join("video2"), dev.join("video10")]);
        assert!(nodes(&dev).is_err());
    }

    #[test]
    fn a_camera_that_is_not_there_is_named() {
        let (bus, card) = ("usb-nowhere-1".into(), "No Camera".into());
        let error = Place { bus, card, node: "/dev/null".into() }.find().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains("usb-nowhere-1"), "{error}");
        assert!(find_camera_called("usb-nowhere-1").is_err());
    }

    #[test]
    fn an_encoder_has_three_names() {
        let node = EncoderNode {
            path: "/dev/video11".into(),
            capabilities: Capabilities {
                driver: "bcm2835-codec".into(),
                card: "bcm2835-codec-encode".into(),
                bus: "platform:bcm2835-codec".into(),
                ..Capabilities::default()
            },
            formats: vec![FourCc::YUV420],
        };
        assert!(
            ["bcm2835-codec", "bcm2835-codec-encode", "platform:bcm2835-codec"]
                .iter()
                .all(|name| node.is_called(name))
        );
        assert!(!node.is_called("/dev/video11") && !node.is_called(""));
    }
}
