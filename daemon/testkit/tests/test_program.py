# SPDX-License-Identifier: MIT OR Apache-2.0
"""The program itself: what it says, where its pictures come from, how it starts and ends."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Home

from hsv_testkit import database as db
from hsv_testkit.accessory import Accessory, StartError, camera_binary
from hsv_testkit.media import jpeg_size

MakeHome = Callable[..., Home]
MakeCamera = Callable[..., Accessory]


def test_it_says_where_it_listens(camera: Accessory) -> None:
    camera.wait_log(str(camera.port), 2)
    camera.wait_log(str(camera.hds_port), 2)


def test_the_log_holds_no_secret(home: Home) -> None:
    home.hub().connect().close()
    log = home.camera.log()
    assert home.session.shared_secret.hex() not in log
    key = home.pairing.identity.key.private_bytes_raw().hex()
    assert key not in log


def test_a_signal_right_after_the_line_is_no_end(tmp_path: Path) -> None:
    camera = Accessory(tmp_path)
    command = [str(camera.binary), "--config", str(camera.config), "--state-dir", str(camera.state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert b"listening" in process.stdout.readline()
        process.send_signal(signal.SIGUSR1)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.kill()


@pytest.mark.parametrize(
    ("wish", "kind", "said"),
    [
        ("auto", "openh264", "in software: by its table the board host has none in its chip"),
        ("auto", "v4l2-m2m", "has a V4L2 encoder, "),
        ("auto", "rkmpp", "has Rockchip's encoder, "),
        ("auto", None, "the board's table names none, so what is found is used"),
        ("openh264", "v4l2-m2m", "openh264, in software: [video] encoder says so"),
        ("m2m:nobody", "openh264", "MISSING: no such V4L2 encoder: [video] encoder says so"),
    ],
)
def test_check_board_says_which_encoder_and_why(
    tmp_path: Path, wish: str, kind: str | None, said: str
) -> None:
    folder = tmp_path / "boards" / "host"
    folder.mkdir(parents=True)
    table = 'schema = 1\nid = "host"\nname = "Here"\ncompatible = []\n'
    (folder / "board.toml").write_text(table + (f'[encoder]\nkind = "{kind}"' if kind else ""))
    config = tmp_path / "hsvd.toml"
    config.write_text(f'[video]\nencoder = "{wish}"\n[body]\nboard = "host"\n')
    command = [camera_binary(), "--config", config, "--boards", folder.parent, "--check-board"]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [line for line in out.splitlines() if line.startswith("encoder: ")]
    assert len(lines) == 1 and said in lines[0], out


def test_the_log_says_once_which_encoder_and_how_fast(start_camera: MakeCamera) -> None:
    camera = start_camera({"video": {"encoder": "openh264"}})
    camera.wait_log("the software encoder makes about", 20)
    assert len([line for line in camera.lines if "the encoder is openh264" in line]) == 1


@pytest.mark.parametrize("paired", [False, True])
def test_sigterm_ends_within_two_seconds(
    start_camera: MakeCamera, make_home: MakeHome, paired: bool
) -> None:
    if paired:
        home = make_home(expect_end=True)
        home.session.subscribe(db.MOTION_DETECTED)
        camera = home.camera
    else:
        camera = start_camera(expect_end=True)
    seconds, code = camera.terminate()
    assert seconds < 2 and code == 0


@pytest.mark.parametrize(
    "settings",
    [
        {"hap": {"port": 70000}},
        {"video": {"source": "nonsense"}},
        {"pairing": {"setup-code": "123-45-678"}},
        {"pairing": {"setup-code": "11111111"}},
        {"recording": {"prebuffer-ms": 100}},
        {"nonsense": {"key": 1}},
    ],
    ids=str,
)
def test_a_bad_configuration_is_refused(tmp_path: Path, settings: dict[str, object]) -> None:
    camera = Accessory(tmp_path, settings)  # type: ignore[arg-type]
    try:
        with pytest.raises(StartError):
            camera.start(5)
    finally:
        camera.kill()
    assert camera.process is not None and camera.process.returncode not in (0, -9)
    assert "panicked" not in camera.log()


def test_a_taken_port_is_an_error_not_a_hang(camera: Accessory, tmp_path: Path) -> None:
    other = Accessory(tmp_path / "other", {"hap": {"port": camera.port}})
    other.port = camera.port
    command = [str(other.binary), "--config", str(other.config), "--state-dir", str(other.state)]
    result = subprocess.run(command, capture_output=True, timeout=20, check=False)
    assert result.returncode != 0


def test_a_still_picture_is_no_motion(home: Home) -> None:
    home.session.subscribe(db.MOTION_DETECTED)
    home.session.no_event(8)


def test_a_walker_is_seen(make_home: MakeHome) -> None:
    home = make_home({"video": {"source": "test-pattern:walker"}})
    session = home.session
    session.subscribe(db.MOTION_DETECTED)
    if session.read(db.MOTION_DETECTED) not in (1, True):
        session.wait_for(db.MOTION_DETECTED, True, 30)


def test_a_file_is_a_source(make_home: MakeHome, tmp_path: Path, ffmpeg: None) -> None:
    film = tmp_path / "film.y4m"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=1280x720:r=10"]
    subprocess.run([*command, "-t", "3", "-pix_fmt", "yuv420p", str(film)], check=True)
    home = make_home({"video": {"source": f"file:{film}", "fps": 10}})
    width, height = jpeg_size(home.session.snapshot(1280, 720).body)
    assert abs(width / height - 16 / 9) < 0.05
