// SPDX-License-Identifier: MIT OR Apache-2.0
//! Drivers of the test bench's machine and what ffmpeg makes of a stream.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use v4l2::{Capture, Device, FourCc, Lent, Ops, Wish};

/// vivid, the encoder and the scaler, loaded. One test at a time.
pub struct Bench {
    _alone: MutexGuard<'static, ()>,
}

static ALONE: Mutex<()> = Mutex::new(());

impl Bench {
    /// Loads the drivers with these options; `None`, with the reason printed, outside the bench.
    #[expect(clippy::print_stderr, reason = "a skip is told")]
    pub fn load(vivid: &str, encoder: &str) -> Option<Self> {
        if std::env::var_os("HSV_MODULES").is_none() {
            eprintln!("skipped: loads drivers, run by scripts/testbench/uml");
            return None;
        }
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        for module in ["vivid", "vh264enc", "vscaler", "vicodec"] {
            // What a test before left; it may not be loaded at all.
            let _absent = modprobe(&["-q", "-r", module]);
        }
        for (module, options) in [("vivid", vivid), ("vh264enc", encoder), ("vscaler", "")] {
            let arguments: Vec<_> =
                [module].into_iter().chain(options.split_whitespace()).collect();
            assert!(modprobe(&arguments), "{module} loads");
        }
        Some(Self { _alone: alone })
    }

    /// The kernel's own codec without hardware: its encoder and its decoder.
    pub fn kernels_own_codec(&self) -> (PathBuf, PathBuf) {
        assert!(modprobe(&["vicodec"]), "vicodec loads");
        let of = |name: &str| {
            let is_it = |path: &PathBuf| {
                let node = path.file_name().expect("below /dev").to_string_lossy().into_owned();
                let called = std::fs::read_to_string(format!("/sys/class/video4linux/{node}/name"));
                called.is_ok_and(|called| called.trim() == name)
            };
            nodes().find(is_it).expect("vicodec is loaded")
        };
        (of("stateful-encoder"), of("stateful-decoder"))
    }

    /// A picture of the scaler takes so long from now on.
    pub fn slow_scaler(&self, latency: Duration) {
        let microseconds = latency.as_micros().to_string();
        std::fs::write("/sys/module/vscaler/parameters/latency_us", microseconds).expect("root");
    }

    pub fn camera(&self, width: u32, height: u32) -> Camera {
        self.camera_in(FourCc::NV12, width, height)
    }

    pub fn camera_in(&self, fourcc: FourCc, width: u32, height: u32) -> Camera {
        let device = Device::open(&camera_node()).expect("it opens");
        let formats = vec![fourcc];
        let look = v4l2::Look::default();
        let wish = Wish { width, height, fps: 30, formats: formats.clone(), lent: formats, look };
        let mut capture = Capture::start(device, &wish, &|| true).expect("it starts");
        assert_eq!((capture.format().width, capture.format().height), (width, height));
        let lent = capture.lend(Duration::from_secs(5), None).expect("it runs").expect("a picture");
        let buffer_len = u32::try_from(lent.buffer_len()).expect("less than 4 GB");
        Camera { capture, buffer_len }
    }
}

fn modprobe(arguments: &[&str]) -> bool {
    let modules = std::env::var_os("HSV_MODULES").expect("asked above");
    let status = Command::new("modprobe").arg("-d").arg(modules).args(arguments).status();
    status.expect("modprobe is there").success()
}

fn nodes() -> impl Iterator<Item = PathBuf> {
    (0..16).map(|n| PathBuf::from(format!("/dev/video{n}")))
}

fn camera_node() -> PathBuf {
    let is_vivid = |path: &PathBuf| {
        let capabilities = Device::open(path).and_then(|device| device.capabilities());
        capabilities.is_ok_and(|device| device.driver == "vivid" && device.capture.is_some())
    };
    nodes().find(is_vivid).expect("vivid is loaded")
}

pub struct Camera {
    pub capture: Capture,
    pub buffer_len: u32,
}

impl Camera {
    pub fn next(&mut self) -> Lent<Device> {
        self.capture.lend(Duration::from_secs(5), None).expect("it runs").expect("a picture")
    }

    /// Shows noise instead of bars.
    pub fn be_busy(&self) {
        let device = Device::open(&camera_node()).expect("it opens");
        // Kernel: drivers/media/test-drivers/vivid/vivid-ctrls.c; 21 is noise.
        const TEST_PATTERN: v4l2::Control = v4l2::Control(0x00f0_f000);
        v4l2::Ops::set_control(&device, TEST_PATTERN, 21).expect("vivid has patterns");
    }
}

pub struct Coded {
    pub bytes: Vec<u8>,
    pub is_key: bool,
}

/// What was captured and what became of it; `None` for a damaged picture.
#[derive(Default)]
pub struct Sink {
    pub raw: Vec<Vec<u8>>,
    pub coded: Vec<Option<Coded>>,
}

impl Sink {
    pub fn stream(&self) -> Vec<u8> {
        self.coded.iter().flatten().flat_map(|coded| coded.bytes.iter().copied()).collect()
    }

    pub fn keys(&self) -> impl Iterator<Item = usize> {
        let is_key = |coded: &Option<Coded>| coded.as_ref().is_some_and(|coded| coded.is_key);
        (0..).zip(&self.coded).filter(move |(_, coded)| is_key(coded)).map(|(number, _)| number)
    }
}

/// ffmpeg's pictures, NV12, of `len` bytes each.
pub fn decode(stream: &[u8], len: u32) -> Vec<Vec<u8>> {
    let arguments =
        "-v error -xerror -f h264 -i - -fps_mode passthrough -f rawvideo -pix_fmt nv12 -";
    let mut child = Command::new("ffmpeg")
        .args(arguments.split(' '))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the bench needs ffmpeg");
    let (mut stdin, stream) = (child.stdin.take().expect("piped"), stream.to_vec());
    let writer = std::thread::spawn(move || stdin.write_all(&stream));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("it reads all");
    assert!(output.status.success(), "ffmpeg says no");
    let len = usize::try_from(len).expect("small");
    assert_eq!(output.stdout.len() % len, 0);
    output.stdout.chunks_exact(len).map(<[u8]>::to_vec).collect()
}

/// What v4l2-ctl gets out of the kernel's own decoder, NV12.
pub fn decode_by_kernel(decoder: &Path, stream: &[u8], (width, height): (u32, u32)) -> Vec<u8> {
    let folder = std::env::temp_dir();
    let (from, to) = (folder.join("bench.fwht"), folder.join("bench.nv12"));
    std::fs::write(&from, stream).expect("room in /tmp");
    let status = Command::new("v4l2-ctl")
        .arg("--device")
        .arg(decoder)
        .arg(format!("--set-fmt-video-out=width={width},height={height},pixelformat=FWHT"))
        .arg(format!("--set-fmt-video=width={width},height={height},pixelformat=NV12"))
        .args(["--stream-mmap", "--stream-out-mmap"])
        .arg(format!("--stream-from={}", from.display()))
        .arg(format!("--stream-to={}", to.display()))
        .stdout(Stdio::null())
        .status();
    assert!(status.expect("the bench needs v4l-utils").success(), "v4l2-ctl says no");
    std::fs::read(&to).expect("it has written it")
}
