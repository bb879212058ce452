// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the kernel tells of a video node without opening it. Opening a camera may wake it up and
//! light its lamp. Kernel: driver-api/media/v4l2-dev. No file tells what a node can do, so
//! that its words must do: those of encoders and scalers are few, those of cameras are not.

use std::fs;
use std::path::Path;

/// Where the kernel lists its video nodes.
pub(super) const CLASS: &str = "/sys/class/video4linux";

/// A node in its driver's words. What is not told is empty.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// The driver's name for the node, such as `bcm2835-codec-encode`.
    name: String,
    /// The driver of its device, such as `bcm2835-codec`.
    driver: String,
    /// The bus of its device: `platform`, `usb`.
    bus: String,
    /// The name of its device on that bus, such as `fdee0000.video-codec`.
    device: String,
}

impl Told {
    /// That of `node`, a path of which the last part counts; `None` when `class` has no such node.
    pub fn of(class: &Path, node: &Path) -> Option<Self> {
        let entry = class.join(node.file_name()?);
        let name = fs::read_to_string(entry.join("name")).ok()?.trim().to_owned();
        let target = |link: &str| {
            let target = fs::canonicalize(entry.join(link)).ok();
            target.and_then(|path| Some(path.file_name()?.to_str()?.to_owned())).unwrap_or_default()
        };
        let (driver, bus) = (target("device/driver"), target("device/subsystem"));
        Some(Self { name, driver, bus, device: target("device") })
    }

    /// Whether it works on pictures in memory, as encoders and scalers do.
    pub fn is_processor(&self) -> bool {
        let has_word = |name: &str| PROCESSOR_WORDS.iter().any(|word| name.contains(word));
        !self.is_camera() && (has_word(&self.name) || has_word(&self.driver))
    }

    /// Whether an owner means this node by `name`: its driver, its name or its place.
    pub fn is_called(&self, name: &str) -> bool {
        let Self { bus, device, .. } = self;
        let has_name = [&self.name, &self.driver].into_iter().any(|called| called == name);
        let is_there = name.split_once(':').is_some_and(|place| place == (bus, device));
        !self.is_camera() && !name.is_empty() && (has_name || is_there)
    }

    fn is_camera(&self) -> bool {
        CAMERA_BUSES.contains(&self.bus.as_str())
            || CAMERA_WORDS.iter().any(|word| self.name.contains(word))
    }
}

/// In names of nodes and drivers that work on pictures in memory.
const PROCESSOR_WORDS: [&str; 18] = [
    "allegro", "bdisp", "coda", "codec", "enc", "g2d", "gsc", "h264", "hva", "m2m", "mdp", "mfc",
    "pxp", "rga", "scale", "venus", "vpe", "vpu",
];
/// In names of nodes that capture, whatever their driver does besides.
const CAMERA_WORDS: [&str; 4] = ["cam", "cap", "csi", "sensor"];
/// Webcams, and TV cards whose encoders code what they capture.
const CAMERA_BUSES: [&str; 2] = ["pci", "usb"];

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    use super::*;

    /// A tree as the kernel makes it, removed at the end.
    struct Sys(PathBuf);

    impl Sys {
        fn new(test: &str) -> Self {
            let root =
                std::env::temp_dir().join(format!("hsv-sysfs-{}-{test}", std::process::id()));
            fs::create_dir_all(root.join("class/video4linux")).unwrap();
            Self(root)
        }

        /// Adds `node`; an empty `driver` is a device without one.
        fn add(&self, node: &str, name: &str, driver: &str, bus: &str, device: &str) {
            let root = &self.0;
            let parent = root.join("devices").join(device);
            let entry = parent.join("video4linux").join(node);
            fs::create_dir_all(&entry).unwrap();
            fs::write(entry.join("name"), format!("{name}\n")).unwrap();
            symlink(&parent, entry.join("device")).unwrap();
            symlink(&entry, self.class().join(node)).unwrap();
            let mut links = vec![("subsystem", root.join("bus").join(bus))];
            if !driver.is_empty() {
                links.push(("driver", root.join("bus").join(bus).join("drivers").join(driver)));
            }
            for (link, target) in links {
                fs::create_dir_all(&target).unwrap();
                if !parent.join(link).exists() {
                    symlink(target, parent.join(link)).unwrap();
                }
            }
        }

        fn class(&self) -> PathBuf {
            self.0.join("class/video4linux")
        }

        fn told(&self, node: &str) -> Option<Told> {
            Told::of(&self.class(), &Path::new("/dev").join(node))
        }
    }

    impl Drop for Sys {
        fn drop(&mut self) {
            let _removed = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn cameras_are_told_from_what_works_on_pictures() {
        let sys = Sys::new("kinds");
        // name, driver, bus, device, is a processor
        let table = [
            ("bcm2835-codec-decode", "bcm2835-codec", "platform", "bcm2835-codec", true),
            ("bcm2835-codec-isp", "bcm2835-codec", "platform", "bcm2835-codec", true),
            ("rockchip,rk3568-vepu-enc", "hantro-vpu", "platform", "fdee0000.video-codec", true),
            ("rockchip-rga", "rockchip-rga", "platform", "fdeb0000.rga", true),
            ("stateful-encoder", "vicodec", "platform", "vicodec.0", true),
            ("fimc.0.m2m", "exynos4-fimc", "platform", "11800000.fimc", true),
            ("fimc.0.capture", "exynos4-fimc", "platform", "11800000.fimc", false),
            ("unicam-image", "unicam", "platform", "fe801000.csi", false),
            ("mmal service 16.1", "bcm2835_v4l2", "vchiq-bus", "bcm2835-camera", false),
            ("rkisp1_mainpath", "rkisp1", "platform", "fdff0000.isp", false),
            ("vivid-000-vid-cap", "vivid", "platform", "vivid.0", false),
            ("Encore Webcam", "uvcvideo", "usb", "1-1:1.0", false),
            ("cx18-0 encoder MPEG", "cx18", "pci", "0000:03:00.0", false),
            ("something new", "", "platform", "new.0", false),
        ];
        for (number, (name, driver, bus, device, _)) in table.iter().enumerate() {
            sys.add(&format!("video{number}"), name, driver, bus, device);
        }
        for (number, (name, driver, _, _, is_processor)) in table.into_iter().enumerate() {
            let told = sys.told(&format!("video{number}")).unwrap();
            assert_eq!((told.name.as_str(), told.driver.as_str()), (name, driver));
            assert_eq!(told.is_processor(), is_processor, "{told:?}");
        }
        assert_eq!(sys.told("video99"), None);
    }

    #[test]
    fn an_owner_may_name_what_has_none_of_the_words() {
        let sys = Sys::new("named");
        sys.add("video0", "turbo", "turbo-drv", "platform", "fe00.turbo");
        sys.add("video1", "turbo", "uvcvideo", "usb", "1-1:1.0");
        let told = sys.told("video0").unwrap();
        assert!(!told.is_processor());
        for name in ["turbo", "turbo-drv", "platform:fe00.turbo"] {
            assert!(told.is_called(name), "{name}");
        }
        for name in ["", "turb", "fe00.turbo", "usb:fe00.turbo"] {
            assert!(!told.is_called(name), "{name}");
        }
        assert!(!sys.told("video1").unwrap().is_called("turbo"), "a webcam");
    }
}
