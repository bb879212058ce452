# SPDX-License-Identifier: MIT OR Apache-2.0
"""The QR code of a Wi-Fi network before the lens of a camera without one: who looks, what is handed
over, who takes it.

How a network that was taken gets into the air is in machine/test_wifi.py.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import Home

from hsv_testkit.accessory import Accessory, Settings
from hsv_testkit.provision import Machine

NETWORK = {"ssid": "Living Room", "password": "correct horse battery", "hidden": True}
CODE = Path(__file__).with_name("data") / "network_code.txt"
"""WIFI:T:WPA;S:Living Room;P:correct horse battery;H:true;; at level M, made by PyQRCode."""
WIDTH, HEIGHT, SQUARE = 1280, 720, 6
WITHIN = 40
STARTED, LOOKING = 'event="started"', "looking for the QR code"
ALONE = ["unshare", "--map-root-user", "--net"]
"""A machine without an address, not even a loopback one."""
LINK = 'ip() { busybox ip "$@"; }; ip link set lo up; ip address add 10.1.1.1/32 dev lo'
pytestmark = pytest.mark.skipif(
    shutil.which("busybox") is None or shutil.which("unshare") is None,
    reason="busybox or unshare is not installed",
)


@pytest.fixture
def film(tmp_path: Path, rng: random.Random) -> Path:
    """The code on a wall that is unevenly lit, through a lens that is not sharp, with noise."""
    code = CODE.read_text().splitlines()
    left, top = (WIDTH - SQUARE * len(code)) // 2 + 40, (HEIGHT - SQUARE * len(code)) // 2
    dark = {
        (left + column * SQUARE + x, top + row * SQUARE + y)
        for row, squares in enumerate(code)
        for column, square in enumerate(squares)
        if square == "#"
        for x in range(SQUARE)
        for y in range(SQUARE)
    }
    luma = bytearray()
    for y in range(HEIGHT):
        for x in range(WIDTH):
            shade = 70 if (x, y) in dark else 70 + 55 * (((x - 1, y) not in dark) + 1)
            luma.append(min(255, shade + x // 40 + rng.randrange(-6, 7)))
    path = tmp_path / "code.y4m"
    head = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F5:1 C420\nFRAME\n".encode()
    path.write_bytes(head + luma + bytes([128]) * (WIDTH * HEIGHT // 2))
    return path


def settings(film: Path) -> Settings:
    video = {"source": f"file:{film}", "width": WIDTH, "height": HEIGHT, "fps": 5}
    return {"hap": {"bind": "0.0.0.0"}, "video": video}


@contextmanager
def running(camera: Accessory, inside: list[str], shown: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The camera, which nobody can reach; its log is in `work`."""
    command = [*inside, str(camera.binary), "--config", str(camera.config)]
    command += ["--state-dir", str(camera.state), "--shown-network", str(shown)]
    environment = {**os.environ, "RUST_LOG": "info"}
    with (
        (camera.work / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=environment) as process,
    ):
        try:
            yield process
            assert process.poll() is None, (camera.work / "log").read_text()
        finally:
            process.kill()


def wait_until(process: subprocess.Popen[bytes], is_so: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + WITHIN
    while not is_so():
        assert process.poll() is None and time.monotonic() < end, what
        time.sleep(0.1)


def threads(process: subprocess.Popen[bytes]) -> set[str]:
    tasks = Path(f"/proc/{process.pid}/task").iterdir()
    return {(task / "comm").read_text().strip() for task in tasks}


def test_a_camera_without_a_network_takes_one_from_a_code(tmp_path: Path, film: Path) -> None:
    (machine := Machine(tmp_path / "machine")).folder("run").joinpath("hsvd").mkdir()
    shown = machine.folder("run") / "hsvd" / "network.toml"
    camera = Accessory(tmp_path / "camera", settings(film))
    log = camera.work / "log"
    with running(camera, ALONE, shown) as process:
        wait_until(process, shown.exists, "no network is handed over")
        assert tomllib.loads(shown.read_text()) == {"wifi": NETWORK}
        assert shown.stat().st_mode & 0o777 == 0o600
        assert LOOKING in log.read_text() and "seek" in threads(process)

        # While it is tried the camera looks no more, and with the first address never again
        first = shown.stat().st_ino
        time.sleep(3)
        assert shown.stat().st_ino == first
        inside = ["nsenter", "--user", "--net", "--target", str(process.pid), "sh", "-e", "-c"]
        subprocess.run([*inside, LINK], check=True)
        wait_until(process, lambda: "seek" not in threads(process), "the thread goes on")
    assert NETWORK["password"] not in log.read_text()
    assert not list(shown.parent.glob("*.new"))

    # An address comes while it is joined, as from a router
    late = [*ALONE, "sh", "-e", "-c", f'(sleep 2; {LINK}) & exec "$@"', "sh"]
    command = machine.command("shown", f"--shown={shown}", f"--bus=unix:path={tmp_path / 'none'}")
    done = subprocess.run([*late, *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not shown.exists() and not machine.wanted(), "what was not joined is not kept"
    report = (machine.folder("card") / "hsv-report.txt").read_text()
    assert '"Living Room" taken over from the code that was shown' in report, report
    assert '"Living Room": no radio was found. It is not kept.' in report, report
    assert "Network: address 10.1.1.1" in report, report
    for told in (report, done.stderr):
        assert NETWORK["password"] not in told


def test_a_camera_with_a_network_does_not_look(tmp_path: Path, film: Path) -> None:
    shown = tmp_path / "network.toml"
    camera = Accessory(tmp_path / "camera", settings(film))
    with_address = [*ALONE, "sh", "-e", "-c", f'{LINK}; exec "$@"', "sh"]
    log = camera.work / "log"
    with running(camera, with_address, shown) as process:
        wait_until(process, lambda: STARTED in log.read_text(), "it does not start")
        wait_until(process, lambda: "seek" not in threads(process), "it seeks")
    assert not shown.exists() and LOOKING not in log.read_text()


def test_a_paired_camera_neither_looks_nor_takes(
    tmp_path: Path, film: Path, make_home: Callable[..., Home]
) -> None:
    home = make_home({"video": settings(film)["video"]})
    home.camera.expect_end = True
    home.camera.kill()
    shown, log = tmp_path / "network.toml", home.camera.work / "log"
    with running(home.camera, ALONE, shown) as process:
        wait_until(process, lambda: STARTED in log.read_text(), "it does not start")
        assert "capture" in threads(process) and "seek" not in threads(process)

    machine = Machine(tmp_path / "machine")
    for state, inside, why in [
        (home.camera.state, ALONE, "the camera is paired"),
        (machine.folder("hsvd"), [], "the camera has a network"),
    ]:
        shown.write_text('[wifi]\nssid = "Stranger"\n')
        command = machine.command("shown", f"--shown={shown}")
        command[command.index(f"--hsvd-state={machine.folder('hsvd')}")] = f"--hsvd-state={state}"
        done = subprocess.run([*inside, *command], capture_output=True, text=True)
        assert done.returncode == 0 and f"NOT taken: {why}" in done.stderr, done.stderr
        assert not machine.wanted() and not shown.exists()
