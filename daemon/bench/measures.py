# SPDX-License-Identifier: MIT OR Apache-2.0
"""The measurements; each returns the figures of one subject by measure name."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import examples
from hsv_testkit import database as db
from hsv_testkit import pairing as p
from hsv_testkit.accessory import Accessory
from hsv_testkit.connection import Connection
from hsv_testkit.hub import Hub
from hsv_testkit.live.viewer import Viewer
from hsv_testkit.recording_config import Selected
from hsv_testkit.session import Session
from subjects import OURS, Subject, pair

Figures = dict[str, float]
GIB = 1 << 30
SMALL = Selected(width=1280, height=720)


@dataclass
class Effort:
    """How long and how often each thing is done."""

    starts: int = 5
    setups: int = 20
    verifies: int = 400
    requests: int = 2000
    motions: int = 3
    background_s: float = 3.0
    synthetic_bytes: int = 4 << 20
    synthetic_count: int = 64
    views: int = 7
    pictures: int = 24

    @classmethod
    def quick(cls) -> Effort:
        return cls(2, 6, 60, 300, 1, 1.0, 4 << 20, 16, 3, 8)


@contextmanager
def cpu(
    accessory: Accessory, background: float, children: bool = False
) -> Iterator[Callable[[], float]]:
    """CPU seconds of the block, less what the idle process would have used meanwhile."""
    used, wall = accessory.cpu_seconds(children), time.monotonic()
    spent = [0.0]
    yield lambda: max(spent[0], 0.001)
    elapsed = time.monotonic() - wall
    spent[0] = accessory.cpu_seconds(children) - used - background * elapsed


def background_rate(accessory: Accessory, seconds: float) -> float:
    """CPU seconds a second of the process left alone; a camera draws and watches pictures."""
    used = accessory.cpu_seconds()
    time.sleep(seconds)
    return (accessory.cpu_seconds() - used) / seconds


def start(subject: Subject, effort: Effort) -> Figures:
    seconds = []
    for _ in range(effort.starts):
        began = time.monotonic()
        with subject.running():
            seconds.append(time.monotonic() - began)
    return {"start": statistics.median(seconds) * 1000}


def idle(subject: Subject, effort: Effort) -> Figures:
    with subject.running() as accessory:
        time.sleep(max(2.0, effort.background_s))
        rss, pss = accessory.memory_kib(), accessory.pss_kib()
        rate = background_rate(accessory, effort.background_s)
    return {"idle_rss": rss / 1024, "idle_pss": pss / 1024, "idle_cpu": rate * 100}


def pairing(subject: Subject, effort: Effort) -> Figures:
    """CPU of pair-setup and pair-verify."""
    setup_cpu = 0.0
    with subject.running() as accessory:
        rate = background_rate(accessory, effort.background_s)
        for _ in range(effort.setups):
            with cpu(accessory, rate) as spent:
                pairing_ = pair(accessory)
            setup_cpu += spent()
            with Session(accessory.host, accessory.port, pairing_) as session:
                session.remove_own_pairing()
        pairing_ = pair(accessory)
        rate = background_rate(accessory, effort.background_s)
        with cpu(accessory, rate) as spent:
            for _ in range(effort.verifies):
                with Connection(accessory.host, accessory.port) as connection:
                    p.pair_verify(connection, pairing_)
    return {
        "pair_setup": setup_cpu / effort.setups * 1000,
        "verifies": effort.verifies / spent(),
    }


def requests(subject: Subject, effort: Effort) -> Figures:
    """CPU of reads on one session."""
    with subject.running() as accessory:
        with Session(accessory.host, accessory.port, pair(accessory)) as session:
            iids = session.database.iids(db.MOTION_DETECTED) + [session.database.iid(db.NAME)]
            rate = background_rate(accessory, effort.background_s)
            with cpu(accessory, rate) as whole:
                for _ in range(effort.requests):
                    session.read_database()
            with cpu(accessory, rate) as few:
                for _ in range(effort.requests):
                    session.get(iids)
    each = 1e6 / effort.requests
    return {"accessories": whole() * each, "characteristics": few() * each}


def events(subject: Subject, effort: Effort) -> Figures:
    """From the motion signal to the event at a controller."""
    delays = []
    with subject.running({"motion": {"hold-s": 10}}) as accessory:
        with Session(accessory.host, accessory.port, pair(accessory)) as session:
            session.subscribe(db.MOTION_DETECTED)
            for turn in range(effort.motions):
                if turn:
                    session.wait_for(db.MOTION_DETECTED, False, 20)
                moved = accessory.trigger_motion()
                event = session.wait_for(db.MOTION_DETECTED, True, 10)
                delays.append(event.arrived - moved)
    return {"event": statistics.median(delays) * 1000}


def first_byte(subject: Subject, effort: Effort) -> Figures:
    """From the motion event to the first recorded byte at the hub."""
    if not subject.records:
        return {}
    large = {"width": 1920, "height": 1080}
    with subject.running({"motion": {"hold-s": 60}, "video": large}) as accessory:
        pairing_ = pair(accessory)
        with Session(accessory.host, accessory.port, pairing_) as session:
            hub = Hub(session, accessory.host)
            armed = hub.arm(Selected())
            time.sleep(max(0.0, armed + 9 - time.monotonic()))
            accessory.trigger_motion()
            moved = hub.wait_motion()
            recording = hub.record()
            recording.collect(1)
            memory = accessory.memory_kib()
    first = recording.init.first_arrived - moved
    return {"first_byte": first * 1000, "recording_rss": memory / 1024}


def data_stream(subject: Subject, effort: Effort) -> Figures:
    """CPU of the data stream alone: fragments that cost nothing to make."""
    if subject.name != "hap-nodejs":
        return {}  # ours comes from the throughput example; HAP-python has no data stream
    count, size = effort.synthetic_count, effort.synthetic_bytes
    environment = {"PEER_FRAGMENT_BYTES": str(size), "PEER_FRAGMENTS": str(count)}
    with subject.running(environment=environment) as accessory:
        with Session(accessory.host, accessory.port, pair(accessory)) as session:
            hub = Hub(session, accessory.host)
            hub.arm(SMALL)
            stream = hub.connect()
            with cpu(accessory, 0.0) as spent:
                recording = hub.open(stream)
                recording.collect_to_end(600)
            recording.connection.acknowledge(recording.stream_id)
    return {"data_stream": spent() * GIB / (count * size)}


def first_picture(subject: Subject, effort: Effort) -> Figures:
    """From the set-up write to the last packet of the first picture, the reads included."""
    if not subject.records:
        return {}  # HAP-python's peer has no live video
    delays = []
    with subject.running({"video": {"width": 1920, "height": 1080}}) as accessory:
        with Session(accessory.host, accessory.port, pair(accessory)) as session:
            assert session.database.iids(db.SETUP_ENDPOINTS)
            time.sleep(1)
            for _ in range(effort.views):
                with Viewer(session, 0, accessory.host) as viewer:
                    viewer.watch()
                    viewer.pictures.wait_more(1, 15)
                    arrived = viewer.pictures.pictures[0].last_arrived
                    delays.append(arrived - viewer.written_at)
                    viewer.end()
                time.sleep(0.5)
    return {"first_picture": statistics.median(delays) * 1000}


def snapshots(subject: Subject, effort: Effort) -> Figures:
    """CPU of pictures nobody asked for before, and of the same once more; children count."""
    if not subject.records:
        return {}
    environment = {"PEER_FRESH_SNAPSHOTS": "1"}
    sizes = [(320 + 32 * n, (320 + 32 * n) * 9 // 16) for n in range(effort.pictures)]
    with subject.running(environment=environment) as accessory:
        with Session(accessory.host, accessory.port, pair(accessory)) as session:
            session.snapshot(*sizes[0])
            rate = background_rate(accessory, effort.background_s)
            with cpu(accessory, rate, children=True) as fresh:
                for size in sizes:
                    assert session.snapshot(*size).status == 200
            repeats = effort.requests // 10 if subject.name == OURS else effort.pictures
            with cpu(accessory, rate, children=True) as again:
                for _ in range(repeats):
                    assert session.snapshot(640, 360).status == 200
    return {"snapshot": fresh() / len(sizes) * 1000, "snapshot_again": again() / repeats * 1000}


def live_memory(subject: Subject, effort: Effort) -> Figures:
    """A viewer at 720p beside a recording at 1080p, less what the software encoders need."""
    if subject.name != OURS:
        return {}  # the peer's encoders are other processes
    encoders = sum(examples.encoder_mib(size) for size in ("1920x1080", "1280x720"))
    with subject.running({"video": {"width": 1920, "height": 1080}}) as accessory:
        with Session(accessory.host, accessory.port, pair(accessory)) as session:
            hub = Hub(session, accessory.host)
            armed = hub.arm(Selected())
            with Viewer(session, 0, accessory.host) as viewer:
                viewer.watch()
                time.sleep(max(0.0, armed + 9 - time.monotonic()))
                accessory.trigger_motion()
                hub.wait_motion()
                hub.record().collect(2)
                viewer.pictures.wait_more(30)
                memory = accessory.memory_kib() / 1024
    return {"live_rss": memory, "live_beyond": memory - encoders}


ALL: list[Callable[[Subject, Effort], Figures]] = [
    start,
    idle,
    pairing,
    requests,
    events,
    first_byte,
    data_stream,
    first_picture,
    snapshots,
    live_memory,
]
