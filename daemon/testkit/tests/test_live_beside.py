# SPDX-License-Identifier: MIT OR Apache-2.0
"""Live view while the camera does everything else."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from conftest import Home

from hsv_testkit import checks, mp4
from hsv_testkit import database as db
from hsv_testkit.live.control import VideoSelection
from hsv_testkit.live.streams import fps
from hsv_testkit.live.viewer import Viewer
from hsv_testkit.media import jpeg_size
from hsv_testkit.recording import Recording
from hsv_testkit.recording_config import Selected

MakeHome = Callable[..., Home]
MakeViewer = Callable[..., Viewer]
SMALL = Selected(width=1280, height=720)
MIX_SECONDS = int(os.environ.get("HSV_MIX_SECONDS") or 60)


def fragment_seconds(recording: Recording) -> list[float]:
    tracks = mp4.parse_init(recording.init.data)
    video = next(track for track in tracks.values() if track.handler == "vide")
    runs = [mp4.parse_fragment(part.data).runs[video.number] for part in recording.fragments]
    return [run.duration / video.timescale for run in runs]


def test_a_recording_keeps_its_fragments(home: Home, make_viewer: MakeViewer) -> None:
    """Viewers come, ask for key frames and go; each fragment is four seconds all the same."""
    hub = home.hub()
    armed = hub.arm(SMALL)
    viewers = [make_viewer(home, service).watch() for service in range(2)]
    time.sleep(max(0.0, armed + 9.5 - time.monotonic()))
    home.camera.trigger_motion()
    moved = hub.wait_motion()
    recording = hub.record()
    asking = threading.Event()

    def ask() -> None:
        while not asking.wait(0.3):
            for viewer in viewers:
                viewer.video.pli()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    recording.collect(5)
    asking.set()
    thread.join()
    recording.close()
    checks.check_timing(recording)
    checks.check_media(recording, SMALL, audio=True)
    checks.check_prebuffer(recording, SMALL, moved)
    lengths = fragment_seconds(recording)
    assert all(abs(length - 4.0) < 0.1 for length in lengths), lengths
    for viewer in viewers:
        viewer.pictures.wait_more(5)
        viewer.check()


def test_another_size_for_the_viewer_leaves_the_recording_alone(
    home: Home, make_viewer: MakeViewer
) -> None:
    hub = home.hub()
    armed = hub.arm(SMALL)
    time.sleep(max(0.0, armed + 5 - time.monotonic()))
    home.camera.trigger_motion()
    hub.wait_motion()
    recording = hub.record()
    for size in ((640, 360), (320, 240)):
        viewer = make_viewer(home, selection=VideoSelection(*size)).watch()
        viewer.pictures.wait_more(10)
        viewer.end()
        viewer.check()
    recording.collect(3)
    recording.close()
    checks.check_media(recording, SMALL, audio=True)
    lengths = fragment_seconds(recording)
    assert all(abs(length - 4.0) < 0.1 for length in lengths), lengths


def test_snapshots_while_somebody_watches(home: Home, make_viewer: MakeViewer) -> None:
    viewer = make_viewer(home).watch()
    viewer.pictures.wait_more(5)
    taken = []
    for _ in range(10):
        asked = time.monotonic()
        answer = home.session.snapshot(640, 360)
        taken.append(time.monotonic() - asked)
        assert answer.status == 200
        assert jpeg_size(answer.body) == (640, 360)
    print("snapshots: " + ", ".join(f"{seconds * 1000:.0f}" for seconds in taken) + " ms")
    assert max(taken) < 2.0
    viewer.check()
    same = {home.session.snapshot(640, 360).body for _ in range(3)}
    assert len(same) <= 2, "three requests at once made three pictures"


def test_an_event_finds_its_way_past_a_stream(home: Home, make_viewer: MakeViewer) -> None:
    viewer = make_viewer(home).watch()
    viewer.pictures.wait_more(5)
    hub = home.hub()
    hub.session.subscribe(db.MOTION_DETECTED)
    moved = home.camera.trigger_motion()
    assert hub.wait_motion(3) - moved < 1.0
    viewer.check()


@dataclass
class Mix:
    """Everything at once, for a while."""

    home: Home
    viewers: list[Viewer]
    seconds: float
    rss_kib: list[tuple[float, int]] = field(default_factory=list)
    snapshots: list[float] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)

    def run(self, recording: Recording) -> None:
        end = time.monotonic() + self.seconds
        works = (self._measure, self._snapshots)
        threads = [threading.Thread(target=self._guard, args=(w, end)) for w in works]
        for thread in threads:
            thread.start()
        while time.monotonic() < end:
            self.home.camera.trigger_motion()  # or it would end with the motion
            recording.next_part(12)
        for thread in threads:
            thread.join(30)

    def _guard(self, work: Callable[[float], None], end: float) -> None:
        try:
            work(end)
        except BaseException as error:
            self.failures.append(error)

    def _measure(self, end: float) -> None:
        begun = time.monotonic()
        while time.monotonic() < end:
            self.rss_kib.append((time.monotonic() - begun, self.home.camera.memory_kib()))
            time.sleep(0.5)

    def _snapshots(self, end: float) -> None:
        session = self.home.new_session()
        while time.monotonic() < end:
            asked = time.monotonic()
            jpeg_size(session.snapshot(640, 360, reason=0).body)
            self.snapshots.append(time.monotonic() - asked)
            time.sleep(max(0.0, 1.0 - self.snapshots[-1]))

    def growth_kib_a_minute(self) -> float:
        """Slope of the memory over the second half: what starting up took is no growth."""
        late = self.rss_kib[len(self.rss_kib) // 2 :]
        mean_at = sum(at for at, _ in late) / len(late)
        mean = sum(kib for _, kib in late) / len(late)
        above = sum((at - mean_at) * (kib - mean) for at, kib in late)
        return above / sum((at - mean_at) ** 2 for at, _ in late) * 60


@pytest.mark.slow
def test_everything_at_once(make_home: MakeHome, make_viewer: MakeViewer) -> None:
    """Two viewers, a recording, a snapshot each second, fifty idle connections.

    HSV_MIX_SECONDS makes it longer; ten minutes are ten times as telling as one.
    """
    home = make_home({"recording": {"maximum-s": 0}, "motion": {"hold-s": 120}})
    idle = [home.new_session() for _ in range(50)]
    hub = home.hub()
    armed = hub.arm(SMALL)
    time.sleep(max(0.0, armed + 9.5 - time.monotonic()))
    sizes = (VideoSelection(1280, 720, kbit=2000), VideoSelection(640, 360))
    viewers = [make_viewer(home, n, selection=size).watch() for n, size in enumerate(sizes)]
    for viewer in viewers:
        viewer.pictures.keep = False
    home.camera.trigger_motion()
    hub.wait_motion()
    recording = hub.record()
    recording.collect(2)
    caught_up, known = time.monotonic(), len(recording.parts)
    used = home.camera.cpu_seconds()
    mix = Mix(home, viewers, MIX_SECONDS)
    mix.run(recording)
    elapsed = time.monotonic() - caught_up
    used = (home.camera.cpu_seconds() - used) / elapsed

    arrived = [part.last_arrived for part in recording.parts[known:]]
    gaps = [b - a for a, b in zip(arrived, arrived[1:], strict=False)]
    late = [gap for gap in gaps if gap > 4.5]
    slope = mix.growth_kib_a_minute()
    peak = max(kib for _, kib in mix.rss_kib)
    print(
        f"{elapsed:.0f} s: memory {mix.rss_kib[0][1] / 1024:.1f} to {mix.rss_kib[-1][1] / 1024:.1f}"
        f" MiB, at most {peak / 1024:.1f}, {slope:+.0f} KiB a minute; {len(late)} of "
        f"{len(gaps)} fragments late, longest gap {max(gaps):.2f} s; {len(mix.snapshots)} "
        f"snapshots, slowest {max(mix.snapshots) * 1000:.0f} ms; processor {used * 100:.0f} %"
    )
    assert not mix.failures, mix.failures
    assert not late, f"late fragments: {late}"
    assert slope < max(200.0, 3_000.0 / (MIX_SECONDS / 60) ** 2), f"{slope:+.0f} KiB a minute"
    assert all(abs(length - 4.0) < 0.1 for length in fragment_seconds(recording)[:-1])
    for viewer in viewers:
        viewer.check()
        rate = fps(viewer.pictures.pictures)
        print(f"{viewer.selection.width}x{viewer.selection.height}: {rate:.1f} pictures a second")
        assert rate > viewer.selection.fps / 2, "starved"
    for session in idle:
        assert session.read(db.NAME) == "Porch"
