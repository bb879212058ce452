# SPDX-License-Identifier: MIT OR Apache-2.0
"""The daemon as boards run it, for arm64, on a distribution's kernel: pairing, recordings by both
encoders, the privacy switch.

Run by scripts/testbench/arm64, which see. Times are an emulated processor's, so they are generous;
the promises about time are measured in ../machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Home, pair

from hsv_testkit import media
from hsv_testkit.accessory import Settings
from hsv_testkit.guest import Guest, GuestCamera, needs_arm64
from hsv_testkit.recording import Recording, StreamClosed
from hsv_testkit.recording_config import Selected

SELECTED = Selected(width=1280, height=720)
NOT_ALLOWED = 1
CLOSED_WITHIN_S = 1.0
TABLE = """
schema = 1
id = "guest"
name = "The arm64 guest"
compatible = ["linux,dummy-virt"]
fitted = ["status-led", "privacy-switch"]
[status-led]
line = "LED"
[privacy-switch]
line = "PRIVACY"
debounce-ms = 20
"""
CHIP = "/sys/kernel/config/gpio-sim/bench"
BARS = [0b111, 0b110, 0b011, 0b010, 0b101, 0b100, 0b001, 0b000]
"""vivid's, from the left: which of red, green and blue are on."""
pytestmark = [needs_arm64, pytest.mark.usefixtures("ffmpeg")]


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    """Booted once, with a webcam, an H.264 encoder and two GPIO lines."""
    machine = Guest(tmp_path_factory.mktemp("guest"))
    assert machine.release.endswith("aarch64"), machine.release
    machine.run("modprobe vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0")
    machine.run("modprobe vh264enc && modprobe gpio-sim")
    lines = f"mkdir -p {CHIP}/bank0/line0 {CHIP}/bank0/line1; cd {CHIP}; echo 2 > bank0/num_lines"
    machine.run(f"{lines}; echo PRIVACY > bank0/line0/name; echo LED > bank0/line1/name")
    machine.run(f"echo 1 > {CHIP}/live; cd /")
    machine.write("/run/boards/guest/board.toml", TABLE)
    yield machine
    machine.stop()


@pytest.fixture
def make_guest_home(guest: Guest, tmp_path: Path) -> Iterator[Callable[[Settings], Home]]:
    """Cameras in the guest, one after the other: they share its ports."""
    homes: list[Home] = []

    def make(settings: Settings) -> Home:
        camera = GuestCamera(tmp_path, settings, boards="/run/boards", guest=guest)
        homes.append(pair(camera.start()))
        return homes[-1]

    yield make
    for home in homes:
        home.forget_sessions()
        ended = not home.camera.is_running()
        log = home.camera.log()
        home.camera.kill()
        print(f"--- log of the camera in the guest\n{log}")
        assert not ended and "panicked" not in log, "the camera ended or panicked"


def settings(encoder: str) -> Settings:
    node = "/dev/video0"
    video = {"source": f"v4l2:{node}", "encoder": encoder, "width": 1280, "height": 720}
    return {"video": video, "motion": {"hold-s": 120}}


def record(home: Home, fragments: int) -> Recording:
    hub = home.hub()
    hub.arm(SELECTED)
    home.camera.trigger_motion()
    hub.wait_motion(30)
    recording = hub.open_soon(60)
    recording.collect(fragments, timeout=60)
    recording.close()
    return recording


def bars(path: Path) -> list[int]:
    """The colours of eight equal columns, below the text."""
    shrink = "crop=iw:ih/8:0:ih*6/8,scale=8:1:flags=area"
    pixels = media.raw_pixels(path, shrink, "rgb24")
    columns = [pixels[at : at + 3] for at in range(0, 24, 3)]
    return [sum((level > 96) << (2 - at) for at, level in enumerate(rgb)) for rgb in columns]


@pytest.mark.parametrize("encoder", ["m2m:vh264enc", "openh264"])
def test_a_recording_reaches_a_hub(
    make_guest_home: Callable[[Settings], Home], tmp_path: Path, encoder: str
) -> None:
    home = make_guest_home(settings(encoder))
    recording = record(home, 2)
    path = recording.write(tmp_path / "recording.mp4")
    streams = media.probe(path)
    assert set(streams) == {"video", "audio"}, streams
    size = streams["video"]["width"], streams["video"]["height"]
    assert size == (SELECTED.width, SELECTED.height)
    media.decode_every_frame(path)
    assert bars(path) == BARS
    assert media.loudness(path) > -40, "the tone is not heard"
    has_hardware = "hardware encoder started" in home.camera.log()
    assert has_hardware == encoder.startswith("m2m"), home.camera.log()


def test_the_switch_shuts_the_camera(
    guest: Guest, make_guest_home: Callable[[Settings], Home]
) -> None:
    home = make_guest_home(settings("m2m:vh264enc"))
    camera = home.camera
    assert isinstance(camera, GuestCamera)
    hub = home.hub()
    hub.arm(SELECTED)
    camera.trigger_motion()
    recording = hub.open_soon(60)
    recording.collect(1, timeout=60)
    assert "/dev/video0" in camera.open_files()
    sim = guest.run("echo /sys/devices/platform/gpio-sim.*/gpiochip*")
    assert guest.run(f"cat {sim}/sim_gpio1/value") == "1", "pictures leave without a light"
    # the guest's own clock and eyes, as a shell has them
    closed = f"! ls -l /proc/{camera.pid}/fd 2>/dev/null | grep -q /dev/video0"
    look = f"begun=$(cut -d' ' -f1 /proc/uptime); echo pull-up > {sim}/sim_gpio0/pull;"
    look += f" until {closed}; do :; done; echo $begun $(cut -d' ' -f1 /proc/uptime)"
    begun, ended = map(float, guest.run(look, 20).split())
    print(f"\nprivacy edge to no open video node, emulated: {(ended - begun) * 1000:.0f} ms")
    assert ended - begun < CLOSED_WITHIN_S
    with pytest.raises(StreamClosed) as refused:
        recording.collect(60, timeout=20)
    assert refused.value.reason == NOT_ALLOWED
    guest.run(f"echo pull-down > {sim}/sim_gpio0/pull")
    deadline = time.monotonic() + 30
    while not any(path == "/dev/video0" for path in camera.open_files()):
        assert time.monotonic() < deadline, camera.log()
        time.sleep(0.2)


def test_the_boards_tables_know_this_machine(guest: Guest) -> None:
    """`compatible` of a real device tree picks the table."""
    guest.write("/run/empty.toml", "")
    said = guest.run("hsvd --config /run/empty.toml --check-board")
    assert "board: qemu-virt" in said, said
    assert said.endswith("all that is to be used is there"), said
