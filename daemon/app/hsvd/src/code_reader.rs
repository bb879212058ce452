// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads the QR code of a network in a picture, in a process of its own: a decoder that panics over what somebody
//! holds before the lens, or does not end, must not end the camera. That process has nothing to keep: a picture on its
//! standard input, the code on its standard output.

use std::io::{self, Read, Write};
use std::process::{Command, ExitCode, Stdio};

use appliance::wifi_code::{MAX_BYTES, NoNetwork, WifiCode};
use frame::Plane;
use rqrr::PreparedImage;
use rustix::process::{Resource, Rlimit, setrlimit};
use zeroize::Zeroizing;

/// The option that makes hsvd the reader.
pub const OPTION: &str = "read-code";
const THIS: &str = "/proc/self/exe";
/// Of the processor; a picture takes a tenth of that on the slowest board.
const MOST_SECONDS: u64 = 3;
const MOST_MEMORY_BYTES: u64 = 64 << 20;
/// Larger ones are not sent.
const MAX_SIDE: u16 = 1920;

/// What a code says that names a network, if there is one in `luma`: the bytes, whatever they are.
///
/// # Errors
/// The system's: no process can be had. One that dies over the picture has found nothing.
pub fn read(luma: Plane<'_>) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut command = Command::new(THIS);
    command.arg(format!("--{OPTION}")).env_clear();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let sent = input.map_or(Ok(()), |mut input| send(&mut input, luma));
    let mut code = Zeroizing::new(Vec::with_capacity(MAX_BYTES + 1));
    let got =
        output.map_or(Ok(0), |output| output.take(MAX_BYTES as u64 + 1).read_to_end(&mut code));
    let is_well = child.wait()?.success() && sent.is_ok() && got.is_ok();
    Ok((is_well && !code.is_empty()).then_some(code))
}

fn send(out: &mut impl Write, luma: Plane<'_>) -> io::Result<()> {
    let side = |side: usize| u16::try_from(side).map_err(|_| io::ErrorKind::InvalidInput);
    out.write_all(&side(luma.width)?.to_le_bytes())?;
    out.write_all(&side(luma.height)?.to_le_bytes())?;
    out.write_all(luma.samples)
}

/// The reader's own side: all of its life.
pub fn run() -> ExitCode {
    let done = limit().and_then(|()| answer(io::stdin().lock(), io::stdout().lock()));
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// No picture is left in a file by a crash, and none takes the processor for long.
fn limit() -> io::Result<()> {
    let most = |most| Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(Resource::Core, most(0))?;
    setrlimit(Resource::Cpu, most(MOST_SECONDS))?;
    Ok(setrlimit(Resource::Data, most(MOST_MEMORY_BYTES))?)
}

fn answer(mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    let mut sides = [[0; 2]; 2];
    for side in &mut sides {
        input.read_exact(side)?;
    }
    let [width, height] = sides.map(u16::from_le_bytes);
    if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let (width, height) = (usize::from(width), usize::from(height));
    let mut samples = Zeroizing::new(vec![0; width * height]);
    input.read_exact(&mut samples)?;
    match find(Plane { samples: &samples, width, height }) {
        Some(code) => output.write_all(&code),
        None => Ok(()),
    }
}

/// The first code that names a network, or was meant to. The decoder's own copy of the picture goes with the process.
fn find(Plane { samples, width, height }: Plane<'_>) -> Option<Zeroizing<Vec<u8>>> {
    let level = |x, y| samples.get(y * width + x).copied().unwrap_or_default();
    let mut image = PreparedImage::prepare_from_greyscale(width, height, level);
    image.detect_grids().into_iter().find_map(|grid| {
        let mut code = Zeroizing::new(Vec::with_capacity(MAX_BYTES));
        grid.decode_to(&mut *code).ok()?;
        (WifiCode::parse(&code) != Err(NoNetwork::AnotherCode)).then_some(code)
    })
}

#[cfg(test)]
mod tests;
