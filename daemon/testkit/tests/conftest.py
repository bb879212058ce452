# SPDX-License-Identifier: MIT OR Apache-2.0
"""Fixtures: a camera of its own for each test, paired or not, and the home around it."""

from __future__ import annotations

import os
import random
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bus_fixtures import bus, caller, each_bus, open_folder, people, start_on_bus  # noqa: E402, F401
from machine_fixtures import (  # noqa: E402, F401
    encoder,
    lay_board,
    light_bus,
    loopback,
    make_lines,
    scaler,
    vivid,
)

from hsv_testkit.accessory import Accessory, Settings, camera_binary  # noqa: E402
from hsv_testkit.connection import Connection  # noqa: E402
from hsv_testkit.hub import Hub  # noqa: E402
from hsv_testkit.live.viewer import Viewer  # noqa: E402
from hsv_testkit.pairing import Identity, Pairing, pair_setup  # noqa: E402
from hsv_testkit.session import Session  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run the tests that take minutes")


CRASHED: list[str] = []
"""Tests in which a camera ended or panicked: no second try excuses that."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for test in CRASHED:
        terminalreporter.write_line(f"FAILED {test} - the camera ended or panicked", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if CRASHED:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Function]) -> None:
    slow = pytest.mark.skip(reason="takes minutes; run with --slow")
    known = _known_deviations()
    for item in items:
        if "slow" in item.keywords and not config.getoption("--slow"):
            item.add_marker(slow)
        for test, reason in known.items():
            names = (item.name, item.originalname)
            if test == item.path.name or test in [f"{item.path.name}::{name}" for name in names]:
                item.add_marker(pytest.mark.xfail(reason=reason, strict=False))


def _known_deviations() -> dict[str, str]:
    """Where a peer is known to differ from the standard: $HSV_DEVIATIONS, never for hsvd."""
    path = os.environ.get("HSV_DEVIATIONS")
    return dict(tomllib.loads(Path(path).read_text())["tests"]) if path else {}


@pytest.fixture
def rng() -> random.Random:
    """Random choices; the seed is printed, and $HSV_SEED gives it back."""
    seed = int(os.environ.get("HSV_SEED") or random.SystemRandom().getrandbits(32))
    print(f"HSV_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def start_camera(
    tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Accessory]]:
    """Starts cameras; at the end each must still run and must not have panicked."""
    if not camera_binary().exists():
        pytest.fail(f"{camera_binary()} does not exist: build the camera or set HSVD")
    cameras: list[Accessory] = []

    def start(settings: Settings | None = None, expect_end: bool = False, **more: Any) -> Accessory:
        work = tmp_path / f"camera{len(cameras)}"
        camera = Accessory(work, settings or {}, expect_end=expect_end, **more)
        cameras.append(camera)
        return camera.start()

    yield start
    ended = [c for c in cameras if not c.is_running() and not c.expect_end]
    for camera in cameras:
        camera.kill()
        print(f"--- log of the camera on port {camera.port}\n{camera.log()}")
    panicked = any("panicked" in camera.log() for camera in cameras)
    if ended or panicked:
        CRASHED.append(request.node.nodeid)
    assert not ended, "the camera ended during the test"
    assert not panicked, "the camera panicked"


@pytest.fixture
def camera(start_camera: Callable[..., Accessory]) -> Accessory:
    """A fresh camera nobody has paired with."""
    return start_camera()


@dataclass
class Home:
    """A camera, the admin's pairing and the sessions made with it."""

    camera: Accessory
    pairing: Pairing
    sessions: list[Session] = field(default_factory=list)

    @property
    def session(self) -> Session:
        """The admin's first session."""
        return self.sessions[0] if self.sessions else self.new_session()

    def new_session(self, pairing: Pairing | None = None) -> Session:
        session = Session(self.camera.host, self.camera.port, pairing or self.pairing)
        self.sessions.append(session)
        return session

    def add_user(self, admin: bool = False) -> Pairing:
        return self.session.add_pairing(Identity(), admin)

    def hub(self) -> Hub:
        """A home hub on a session of its own."""
        return Hub(self.new_session(), self.camera.host)

    def connect(self) -> Connection:
        return Connection(self.camera.host, self.camera.port)

    def forget_sessions(self) -> None:
        for session in self.sessions:
            session.close()
        self.sessions.clear()

    def power_cycle(self) -> None:
        """SIGKILL and start again; every session is gone."""
        self.forget_sessions()
        self.camera.restart()


def pair(camera: Accessory) -> Home:
    with Connection(camera.host, camera.port) as connection:
        return Home(camera, pair_setup(connection, camera.setup_code))


@pytest.fixture
def make_home(start_camera: Callable[..., Accessory]) -> Iterator[Callable[..., Home]]:
    homes: list[Home] = []

    def make(settings: Settings | None = None, expect_end: bool = False, **more: Any) -> Home:
        homes.append(pair(start_camera(settings, expect_end, **more)))
        return homes[-1]

    yield make
    for home in homes:
        home.forget_sessions()


@pytest.fixture
def home(make_home: Callable[..., Home]) -> Home:
    """A paired camera with the default settings."""
    return make_home()


@pytest.fixture
def make_viewer(rng: random.Random) -> Iterator[Callable[..., Viewer]]:
    """Viewers, each on a session of its own unless one is given."""
    viewers: list[Viewer] = []

    def make(home: Home, service: int = 0, **more: Any) -> Viewer:
        session = more.pop("session", None) or home.new_session()
        viewer = Viewer(session, service, home.camera.host, rng=rng, **more)
        viewers.append(viewer)
        return viewer

    yield make
    for viewer in viewers:
        viewer.close()


@pytest.fixture
def ffmpeg() -> None:
    for program in ("ffmpeg", "ffprobe"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
