# SPDX-License-Identifier: MIT OR Apache-2.0
"""The status light against what leaves the camera, through a random life: its modes, its privacy
switch, viewers, recordings and snapshots.

Run by scripts/testbench/uml, which see. $HSV_SEED gives a life back.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import Home

from hsv_testkit import database as db
from hsv_testkit.connection import ConnectionClosed
from hsv_testkit.hds import HdsMessage
from hsv_testkit.hub import Hub, OpenRefused
from hsv_testkit.lines import Lines, Probe, Span
from hsv_testkit.live.control import VideoSelection
from hsv_testkit.live.rtp import RtpPacket
from hsv_testkit.live.viewer import SetupRefused, Viewer
from hsv_testkit.machine import H264Encoder, Vivid, needs_bench, wait_until
from hsv_testkit.recording import Recording, StreamClosed
from hsv_testkit.recording_config import Selected
from hsv_testkit.session import WriteRefused

MakeHome = Callable[..., Home]
SELECTED = Selected(width=1280, height=720)
WITHIN_S = 0.5
"""From a change to a light that says so, and to the last picture, on one processor that does
everything at once; the promise of 0.1 s is measured in test_hands.py."""
AFTER_DARK_S = 0.05
"""From the light's end to the last picture's arrival."""
OPENS_WITHIN_S = 3.0
"""From a change to a steady light: the light goes on first, so this is the answer's time."""
LONGEST_FLASH_S = 0.4
TABLE = """
schema = 1
id = "host"
name = "The test bench"
compatible = []
fitted = ["status-led", "privacy-switch"]
[status-led]
line = "LED"
[privacy-switch]
line = "PRIVACY"
debounce-ms = 20
"""
pytestmark = needs_bench


@pytest.fixture
def lines(make_lines: Callable[..., Lines]) -> Lines:
    return make_lines("PRIVACY", "LED")


@dataclass
class Picture:
    """Something with a picture in it came out of the camera."""

    at: float
    kind: str


@dataclass
class Want:
    """How the camera is meant to be from this moment on (monotonic). Before the next one begins,
    it may be on its way there since `asked`."""

    begins: float
    asks: float
    is_open: bool
    may_shine: bool


@dataclass
class Life:
    """Random doings, and what came of them."""

    home: Home
    lines: Lines
    make_viewer: Callable[..., Viewer]
    rng: random.Random
    is_private: bool = False
    is_active: bool = True
    may_shine: bool = True
    streams: bool = True
    records: bool = True
    pictures: list[Picture] = field(default_factory=list)
    wants: list[Want] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    story: list[str] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.hub: Hub = self.home.hub()
        self.hub.arm(SELECTED, audio=False)
        self.sessions = [self.home.new_session() for _ in range(4)]
        self.recording: Recording | None = None
        self.viewer: Viewer | None = None
        self._unix = time.time() - time.monotonic()

    @property
    def is_open(self) -> bool:
        return self.is_active and not self.is_private

    def is_on(self, name: str) -> bool:
        """Of what is switched on and off; the rest is neither."""
        flags = {"privacy": self.is_private, "active": self.is_active, "streaming": self.streams}
        return (flags | {"recorded": self.records, "indicator": self.may_shine}).get(name, False)

    # What may be done

    def privacy(self) -> None:
        self.is_private = not self.is_private
        self.lines.pull("PRIVACY", self.is_private)

    def active(self) -> None:
        self.is_active = not self.is_active
        self.hub.session.write((db.CAMERA_ACTIVE, self.is_active))

    def indicator(self) -> None:
        self.may_shine = not self.may_shine
        self.hub.session.write((db.INDICATOR, int(self.may_shine)))

    def streaming(self) -> None:
        self.streams = not self.streams
        self.hub.session.write((db.RTP_ACTIVE, int(self.streams)))

    def recorded(self) -> None:
        self.records = not self.records
        self.hub.session.write((db.RECORDING_ACTIVE, int(self.records)))

    def view(self) -> None:
        """Another viewer, or none any more. What still comes to one that has ended is heard."""
        if self.viewer is not None and self.rng.random() < 0.3:
            with suppress(WriteRefused):
                self.viewer.end()
            self.viewer = None
            return
        chosen, service = VideoSelection(320, 240, fps=15), self.rng.randrange(4)
        session = self.sessions[service]
        viewer = self.make_viewer(self.home, service, session=session, selection=chosen)
        look = viewer._look

        def heard(packet: RtpPacket, sequence: int) -> None:
            self.pictures.append(Picture(packet.arrived - self._unix, "live"))
            look(packet, sequence)

        viewer._look = heard  # type: ignore[method-assign]
        try:
            self.viewer = viewer.watch()
        except (SetupRefused, WriteRefused):
            self.done["view refused"] += 1

    def record(self) -> None:
        if self.recording is not None and self.recording.close_reason is None:
            return
        self.home.camera.trigger_motion()
        with suppress(OpenRefused, ConnectionClosed, TimeoutError):
            self.recording = self.hub.record()
            threading.Thread(target=self._receive, args=(self.recording,), daemon=True).start()

    def _receive(self, recording: Recording) -> None:
        next_event = recording._next_event

        def heard(deadline: float) -> HdsMessage:
            message = next_event(deadline)
            if message.body["packets"][0]["metadata"]["dataType"] == "mediaFragment":
                self.pictures.append(Picture(message.arrived, "recording"))
            return message

        recording._next_event = heard  # type: ignore[method-assign]
        with suppress(StreamClosed, ConnectionClosed, TimeoutError, OSError):
            while True:
                recording.next_part(30)
        recording.close_reason = recording.close_reason or 0
        recording.connection.close()

    def snapshot(self) -> None:
        asked = time.monotonic()
        answer = self.home.session.snapshot(320, 240)
        self.done[f"snapshot {answer.status}"] += 1
        if answer.status == 200:
            # taken and sent somewhere in between
            self.pictures.append(Picture((asked + time.monotonic()) / 2, "snapshot"))

    # Living

    def step(self, name: str) -> None:
        asks, was = time.monotonic(), (self.is_open, self.may_shine)
        getattr(self, name)()
        self.story.append(f"{asks - self.begun:.2f} {name}{' on' if self.is_on(name) else ''}")
        self.done[name] += 1
        if (self.is_open, self.may_shine) != was:
            self.wants.append(Want(time.monotonic(), asks, self.is_open, self.may_shine))

    def open_up(self) -> None:
        """Everything is on again, so that there is something to look at."""
        for name in ("privacy", "active", "streaming", "recorded"):
            if self.is_on(name) == (name == "privacy"):
                self.step(name)
        time.sleep(self.rng.uniform(0.5, 2))

    def live(self, steps: int) -> None:
        self.wants.append(Want(time.monotonic(), time.monotonic(), True, True))
        deck = [*self.DOINGS] * (steps // len(self.DOINGS))
        self.rng.shuffle(deck)
        for name in deck:
            self.step(name)
            if self.rng.random() < 0.7:
                time.sleep(self.rng.uniform(0.05, 2.5))
            if self.rng.random() < 0.4:
                self.open_up()
        end = time.monotonic()
        self.wants.append(Want(end, end, self.is_open, self.may_shine))

    DOINGS = (
        *("privacy", "active", "privacy", "active", "indicator"),
        *("streaming", "recorded", "view", "view", "view", "record", "record", "snapshot"),
    )


def in_the_dark(pictures: list[Picture], spans: list[Span], life: Life) -> list[str]:
    """Pictures that left while the light was off, though it was to shine."""
    found = []
    for span in (span for span in spans if not span.is_high):
        for picture in pictures:
            if span.first + AFTER_DARK_S < picture.at < span.last and shone(life.wants, picture.at):
                found.append(f"{picture.kind}, {picture.at - span.first:.3f} s after it went out")
    return found


def shone(wants: list[Want], at: float) -> bool:
    """The indicator was on then, and for a moment before."""
    of_then = [want for want in wants if want.asks <= at]
    return bool(of_then) and of_then[-1].may_shine and of_then[-1].begins + OPENS_WITHIN_S < at


def disagreements(life: Life, spans: list[Span]) -> list[str]:
    """Light and pictures while the camera was meant to be as it was."""
    found = []
    for want, following in zip(life.wants, life.wants[1:], strict=False):
        settled, end = want.begins + WITHIN_S, following.asks
        name = f"{settled - life.begun:.2f} s to {end - life.begun:.2f} s"
        if not want.is_open:
            late = [one for one in life.pictures if settled < one.at < end]
            found += [f"{name}, shut: {one.kind} at +{one.at - settled:.3f} s" for one in late]
        if want.is_open and want.may_shine:
            lit = want.begins + OPENS_WITHIN_S
            dark = [s for s in spans if not s.is_high and s.last > lit and s.first < end]
            found += [f"{name}, open: dark for {s.last - s.first:.3f} s" for s in dark]
            continue
        for span in (s for s in spans if s.is_high and s.last > settled and s.first < end):
            shines = min(span.last, end) - max(span.first, settled)
            if shines > LONGEST_FLASH_S or (want.is_open and shines > 0):
                found.append(f"{name}: shines for {shines:.3f} s, open={want.is_open}")
    return found


@pytest.mark.parametrize("steps", [65, pytest.param(520, marks=pytest.mark.slow)])
def test_the_light_never_disagrees_with_pictures(
    vivid: Vivid,
    encoder: H264Encoder,
    lines: Lines,
    make_home: MakeHome,
    make_viewer: Callable[..., Viewer],
    rng: random.Random,
    lay_board: Callable[[str], Path],
    steps: int,
) -> None:
    """No picture leaves without a steady light, and no steady light shines when none may leave,
    unless CameraOperatingModeIndicator is off: then it never shines."""
    lay_board(TABLE)
    video = {"source": f"v4l2:{vivid.node}", "width": 640, "height": 360}
    video["encoder"] = f"m2m:{encoder.name}"
    home = make_home({"video": video, "motion": {"hold-s": 600}, "audio": {"source": "none"}})
    life = Life(home, lines, make_viewer, rng)
    home.camera.trigger_motion()
    wait_until(lambda: lines.is_high("LED"))
    time.sleep(5)  # so that there is something to record
    probe = Probe(lines, "LED")
    time.sleep(0.1)
    life.live(steps)
    probe.stop()

    spans = probe.spans["LED"]
    kinds = Counter(picture.kind for picture in life.pictures)
    print("\n" + ", ".join(life.story))
    print(f"{dict(life.done)}; pictures' packets and parts: {dict(kinds)}; {len(spans)} spans")
    assert kinds["live"] > 100 and kinds["recording"] and kinds["snapshot"], kinds
    assert len(spans) > 4, "the light never changed"
    found = in_the_dark(life.pictures, spans, life) + disagreements(life, spans)
    assert not found, "\n".join(found[:20])
