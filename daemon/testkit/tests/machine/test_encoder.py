# SPDX-License-Identifier: MIT OR Apache-2.0
"""The camera's pictures go to the bench's H.264 encoder and from there to a hub.

Run by scripts/testbench/uml, which see.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Home

from hsv_testkit import media
from hsv_testkit.hub import Hub
from hsv_testkit.lines import Lines
from hsv_testkit.live.control import VideoSelection
from hsv_testkit.live.viewer import Viewer
from hsv_testkit.machine import (
    H264Encoder,
    PictureScaler,
    Vivid,
    held_files,
    needs_bench,
    wait_until,
)
from hsv_testkit.recording import Recording
from hsv_testkit.recording_config import Selected

MakeHome = Callable[..., Home]
SELECTED = Selected(width=1280, height=720)
TABLE_WITH_FILTER = """
schema = 1
id = "host"
name = "The test bench"
compatible = []
fitted = ["ir-cut"]
[ir-cut]
kind = "latching"
day = { line = "IRCUT_DAY" }
night = { line = "IRCUT_NIGHT" }
pulse-ms = 100
"""
pytestmark = [needs_bench, pytest.mark.usefixtures("ffmpeg")]


@pytest.fixture
def make_encoder() -> Iterator[Callable[..., H264Encoder]]:
    made: list[H264Encoder] = []

    def make(**parameters: int) -> H264Encoder:
        made.append(H264Encoder(**parameters))
        return made[-1]

    yield make
    for encoder in made:
        encoder.remove()


@pytest.fixture
def make_scaler() -> Iterator[Callable[..., PictureScaler]]:
    made: list[PictureScaler] = []

    def make(**parameters: int) -> PictureScaler:
        made.append(PictureScaler(**parameters))
        return made[-1]

    yield make
    for scaler in made:
        scaler.remove()


def settings(vivid: Vivid, encoder: H264Encoder) -> dict[str, Any]:
    size = {"width": SELECTED.width, "height": SELECTED.height}
    video = {"source": f"v4l2:{vivid.node}", "encoder": f"m2m:{encoder.name}", **size}
    return {"video": video, "motion": {"hold-s": 120}}


def armed(home: Home) -> Hub:
    """A hub that recordings are wanted by, with motion to record."""
    hub = home.hub()
    hub.arm(SELECTED, audio=False)
    home.camera.trigger_motion()
    return hub


def record(hub: Hub, tmp_path: Path, fragments: int = 2) -> Recording:
    """Records, and has ffmpeg decode every picture."""
    recording = hub.open_soon(20)
    recording.collect(fragments, timeout=30)
    recording.close()
    media.decode_every_frame(recording.write(tmp_path / "recording.mp4"))
    return recording


def copied_bytes(vivid: Vivid, home: Home) -> int:
    """Per picture, as the daemon tells when its camera goes."""
    return at_the_end(vivid, home)["copied_bytes_per_picture"]


def at_the_end(vivid: Vivid, home: Home) -> dict[str, int]:
    """What the daemon has counted when its camera goes."""
    vivid.unplug()
    line = home.camera.wait_log("copied_bytes_per_picture", 10)
    counted = {name: int(count) for name, count in re.findall(r"(\w+)[^=\w]*=\D*?(\d+)", line)}
    assert {"captured", "copied_bytes_per_picture", "scaled"} <= counted.keys(), line
    return counted


def test_the_encoder_reads_the_cameras_memory(
    vivid: Vivid, make_encoder: Callable[..., H264Encoder], make_home: MakeHome, tmp_path: Path
) -> None:
    home = make_home(settings(vivid, make_encoder()))
    record(armed(home), tmp_path)
    assert copied_bytes(vivid, home) == 0


def test_night_vision_copies_nothing(
    vivid: Vivid,
    make_encoder: Callable[..., H264Encoder],
    make_lines: Callable[..., Lines],
    lay_board: Callable[[str], Path],
    make_home: MakeHome,
    tmp_path: Path,
) -> None:
    """It looks at a picture each second, in the camera's memory."""
    make_lines("IRCUT_DAY", "IRCUT_NIGHT")
    lay_board(TABLE_WITH_FILTER)
    home = make_home(settings(vivid, make_encoder()))
    home.camera.wait_log("the IR-cut filter moves", 30)  # so it has seen pictures
    record(armed(home), tmp_path)
    assert copied_bytes(vivid, home) == 0


def test_the_processors_part(
    vivid: Vivid, make_encoder: Callable[..., H264Encoder], make_home: MakeHome
) -> None:
    """What the daemon itself does between sensor and prebuffer, for scripts/bench: the drivers
    work on threads of the kernel, and motion detection is another matter."""
    large = Selected(width=1920, height=1080)
    asked = settings(vivid, make_encoder())
    asked["video"] |= {"width": large.width, "height": large.height}
    home = make_home(asked)
    home.hub().arm(large, audio=False)
    home.camera.wait_log("hardware encoder started", 20)
    time.sleep(1)
    before, begun = thread_seconds(home.camera.pid), time.monotonic()
    time.sleep(10)
    after, elapsed = thread_seconds(home.camera.pid), time.monotonic() - begun
    parts = {name: (at - before.get(name, 0.0)) / elapsed * 100 for name, at in after.items()}
    print("\n" + ", ".join(f"{name} {percent:.1f} %" for name, percent in parts.items()))
    main = home.camera.binary.name
    print(f"figure m2m_cpu: {sum(parts[name] for name in (main, 'capture', 'record')):.2f}")
    print(f"figure copied: {copied_bytes(vivid, home)}")


def thread_seconds(pid: int) -> dict[str, float]:
    """Time of each thread by name; its system calls count, since this machine does not tell them
    apart."""
    spent = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        name, fields = (task / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
        ticks = sum(int(field) for field in fields.split()[11:13])
        spent[name] = ticks / os.sysconf("SC_CLK_TCK")
    return spent


def scaled_settings(vivid: Vivid, encoder: H264Encoder) -> dict[str, Any]:
    asked = settings(vivid, encoder)
    asked["video"] |= {"scaler": f"m2m:{PictureScaler.name}"}
    return asked


def watch_small(home: Home, make_viewer: Callable[..., Viewer]) -> Viewer:
    viewer = make_viewer(home, selection=VideoSelection(320, 180, kbit=800)).watch()
    # no larger: the bench's IDRs are as large as raw pictures, and a socket holds only so much
    pictures = viewer.pictures.wait_more(30, 20)
    sps = pictures[0].sps()
    assert (sps.width, sps.height) == (320, 180)
    return viewer


def test_the_scaler_makes_the_small_pictures(
    vivid: Vivid,
    make_encoder: Callable[..., H264Encoder],
    make_scaler: Callable[..., PictureScaler],
    make_home: MakeHome,
    make_viewer: Callable[..., Viewer],
    tmp_path: Path,
) -> None:
    """A recording, a smaller live view and motion detection at once: nothing is copied."""
    make_scaler()
    home = make_home(scaled_settings(vivid, make_encoder()))
    hub = armed(home)
    viewer = watch_small(home, make_viewer)
    record(hub, tmp_path)
    viewer.end()
    counted = at_the_end(vivid, home)
    assert counted["copied_bytes_per_picture"] == 0, counted
    assert counted["scaled"] >= 30, counted
    assert not any("the processor scales" in line for line in home.camera.lines)


def test_small_snapshots_are_read_small(
    vivid: Vivid,
    make_encoder: Callable[..., H264Encoder],
    make_scaler: Callable[..., PictureScaler],
    make_home: MakeHome,
) -> None:
    make_scaler()
    home = make_home(scaled_settings(vivid, make_encoder()))
    answer = home.session.snapshot(320, 180)
    assert media.jpeg_size(answer.body) == (320, 180)
    counted = at_the_end(vivid, home)
    total = counted["copied_bytes_per_picture"] * counted["captured"]
    assert total <= 320 * 180 * 3 // 2 and counted["scaled"] >= 1, counted


@pytest.mark.parametrize(("is_there", "reason"), [(False, "no such"), (True, "does not answer")])
def test_a_scaler_that_is_missing_or_hangs_costs_one_warning(
    vivid: Vivid,
    make_encoder: Callable[..., H264Encoder],
    make_scaler: Callable[..., PictureScaler],
    make_home: MakeHome,
    make_viewer: Callable[..., Viewer],
    is_there: bool,
    reason: str,
) -> None:
    scaler = make_scaler() if is_there else None
    home = make_home(scaled_settings(vivid, make_encoder()))
    if scaler:
        home.camera.wait_log("scaler started", 20)  # for motion detection
        scaler.take(3_000_000)
    home.camera.wait_log("the processor scales", 20)
    watch_small(home, make_viewer).end()
    warned = [line for line in home.camera.lines if "the processor scales" in line]
    assert len(warned) == 1 and reason in warned[0], warned


def test_an_encoder_that_cannot_import_is_copied_to(
    vivid: Vivid, make_encoder: Callable[..., H264Encoder], make_home: MakeHome, tmp_path: Path
) -> None:
    """720 rows become 736: its chroma begins elsewhere than the camera's."""
    asked = settings(vivid, make_encoder(hw_align=32))
    home = make_home(asked)
    record(armed(home), tmp_path)
    warnings = [line for line in home.camera.lines if "cannot read the camera's memory" in line]
    assert len(warnings) == 1, warnings
    picture = SELECTED.width * SELECTED.height * 3 // 2
    assert 0 < copied_bytes(vivid, home) <= picture


def test_an_encoder_without_dmabuf_is_copied_to(
    vivid: Vivid,
    make_encoder: Callable[..., H264Encoder],
    make_home: MakeHome,
    make_viewer: Callable[..., Viewer],
    tmp_path: Path,
) -> None:
    """Each encode hears so when it asks for buffers, and the owner once."""
    home = make_home(settings(vivid, make_encoder(no_dmabuf=1)))
    record(armed(home), tmp_path)
    watch_small(home, make_viewer).end()
    warnings = [line for line in home.camera.lines if "cannot read the camera's memory" in line]
    assert len(warnings) == 1, warnings
    assert copied_bytes(vivid, home) > 0


def test_a_slow_encoder_is_asked_for_fewer_pictures(
    vivid: Vivid,
    make_encoder: Callable[..., H264Encoder],
    make_home: MakeHome,
    make_viewer: Callable[..., Viewer],
) -> None:
    """60 ms for 1280 by 720 pixels: it is measured at the start."""
    home = make_home(settings(vivid, make_encoder(latency_us=60_000)))
    told = home.camera.wait_log("the encoder makes up to", 10)
    speed = re.search(r"up to (\d+) pictures of 1920x1080", told)
    assert speed and 2 <= int(speed[1]) <= 7, told
    viewer = make_viewer(home, selection=VideoSelection(1280, 720, kbit=2000)).watch()
    less = "the encoder is too slow for what is asked: live view is 1280x720 with 15 pictures"
    home.camera.wait_log(less, 10)
    viewer.end()


def test_a_stalled_encoder_is_opened_again(
    vivid: Vivid, make_encoder: Callable[..., H264Encoder], make_home: MakeHome, tmp_path: Path
) -> None:
    encoder = make_encoder()
    home = make_home(settings(vivid, encoder))
    hub = armed(home)
    record(hub, tmp_path)
    encoder.take(3_000_000)
    home.camera.wait_log("the encoder stopped", 15)
    encoder.take(0)
    record(hub, tmp_path)


FAULTS = ("hang", "error buffers", "break-down", "unplugged")


def make_fault(
    fault: str, vivid: Vivid, encoder: H264Encoder, home: Home, rng: random.Random
) -> None:
    """And waits until the camera is over it."""
    lines = len(home.camera.lines)
    if fault == "hang":
        encoder.take(3_000_000)
        wait_line(home, lines, "the encoder stopped")
        encoder.take(0)
    elif fault == "error buffers":
        encoder.spoil(rng.randint(1, 20))
        wait_until(lambda: not encoder.has_faults_left(), 10)
        return
    elif fault == "break-down":
        encoder.break_down()
        wait_line(home, lines, "the encoder stopped")
    else:
        vivid.unplug()
        wait_line(home, lines, "capture stopped")
        vivid.plug_in()
        wait_line(home, lines, "pictures again")
        return
    wait_line(home, lines, "hardware encoder started")


def test_faults_in_any_order(
    vivid: Vivid,
    make_encoder: Callable[..., H264Encoder],
    make_home: MakeHome,
    rng: random.Random,
    tmp_path: Path,
) -> None:
    """Encoder and camera fail twelve times; after each fault whole recordings come again, and
    nothing is left over of it."""
    encoder = make_encoder()
    home = make_home(settings(vivid, encoder))
    hub = armed(home)
    record(hub, tmp_path)
    descriptors, tasks = (Path(f"/proc/{home.camera.pid}/{name}") for name in ("fd", "task"))
    before = len(os.listdir(descriptors)), len(os.listdir(tasks))
    faults = list(FAULTS) * 3
    rng.shuffle(faults)
    for fault in faults:
        make_fault(fault, vivid, encoder, home, rng)
        record(hub, tmp_path, fragments=1)
    after = len(os.listdir(descriptors)), len(os.listdir(tasks))
    assert after[0] <= before[0] + 2 and after[1] <= before[1] + 2, (before, after, faults)


def test_a_fault_in_a_recording_leaves_it_whole(
    vivid: Vivid, make_encoder: Callable[..., H264Encoder], make_home: MakeHome, tmp_path: Path
) -> None:
    """Error buffers cost pictures, and the next one is an IDR: what is received still decodes."""
    encoder = make_encoder()
    home = make_home(settings(vivid, encoder))
    hub = armed(home)
    recording = hub.open_soon(20)
    recording.collect(1, timeout=30)
    for _ in range(4):
        encoder.spoil(3)
        wait_until(lambda: not encoder.has_faults_left(), 10)
        recording.collect(len(recording.fragments) + 1, timeout=30)
    recording.close()
    media.decode_every_frame(recording.write(tmp_path / "recording.mp4"))


def test_unplugged_twenty_times(
    vivid: Vivid, make_encoder: Callable[..., H264Encoder], make_home: MakeHome, tmp_path: Path
) -> None:
    """Pictures that were lent when the camera went cost neither descriptors nor the encoder."""
    home = make_home(settings(vivid, make_encoder()))
    hub = armed(home)
    record(hub, tmp_path)
    descriptors = Path(f"/proc/{home.camera.pid}/fd")
    before, node = len(os.listdir(descriptors)), vivid.node
    for _ in range(20):
        lines = len(home.camera.lines)
        vivid.unplug()
        wait_line(home, lines, "capture stopped")
        assert not held_files(home.camera.pid, str(node))
        node = vivid.plug_in()  # under another name, while a picture of the old one is under way
        wait_line(home, lines, "pictures again")
    record(hub, tmp_path)
    assert len(os.listdir(descriptors)) <= before + 2


def wait_line(home: Home, since: int, text: str) -> None:
    deadline = time.monotonic() + 20
    while not any(text in line for line in home.camera.lines[since:]):
        assert time.monotonic() < deadline, home.camera.log()
        time.sleep(0.02)
