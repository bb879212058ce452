# SPDX-License-Identifier: MIT OR Apache-2.0
"""One viewer on one verified session, from the set-up to the end."""

from __future__ import annotations

import base64
import random
import time
from dataclasses import dataclass, field, replace
from typing import Any

from .. import database as db
from ..session import Entry, Session, WriteRefused
from . import control
from .control import (
    AudioSelection,
    Endpoint,
    SetupAnswer,
    SetupRequest,
    SrtpParameters,
    VideoSelection,
)
from .leg import Contract, Leg
from .relay import Relay, Weather
from .streams import PictureStream, SoundStream, Timeline


class SetupRefused(Exception):
    """SetupEndpoints was answered with another status than success."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


@dataclass
class Viewer:
    """`service` is the instance of CameraRTPStreamManagement; `host` our own address."""

    session: Session
    service: int = 0
    host: str = "127.0.0.1"
    suite: int = control.AES_128
    advertised: Endpoint | None = None
    """Where the camera is told to send, when that is not our own port."""
    weather: Weather | None = None
    """Of a bad network in between; see `relays`."""
    rng: random.Random = field(default_factory=random.Random)
    asks_for_idr: bool = False
    """Whether a loss is answered by a PLI."""
    selection: VideoSelection = field(default_factory=VideoSelection)
    sound_selection: AudioSelection = field(default_factory=AudioSelection)

    def __post_init__(self) -> None:
        self.video, self.audio = Leg(self.host), Leg(self.host)
        self.pictures = PictureStream(self._lost)
        self.sound = SoundStream(self.sound_selection.hz, self.sound_selection.packet_ms)
        self.relays: tuple[Relay, ...] = ()
        if self.weather is not None:
            ports = (self.video.port, self.audio.port)
            self.relays = tuple(Relay((self.host, p), self.rng, self.weather) for p in ports)
            outer = [relay.outer_port for relay in self.relays]
            self.advertised = Endpoint(self.host, *outer)
        self.answer: SetupAnswer | None = None
        self.request: SetupRequest | None = None
        self.asked: list[float] = []
        """When a PLI was sent, Unix time."""
        self.written_at = 0.0
        self.started_at = 0.0

    def __enter__(self) -> Viewer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Our sockets only; the camera is told nothing."""
        self.video.close()
        self.audio.close()
        for relay in self.relays:
            relay.close()

    # The three characteristics of this instance

    def _iid(self, of: db.Type) -> int:
        return self.session.database.iids(of)[self.service]

    def read(self, of: db.Type) -> bytes:
        (entry,) = self.session.get([self._iid(of)]).entries()
        assert entry.get("status", 0) == 0, entry
        return base64.b64decode(entry["value"])

    def write(self, of: db.Type, value: bytes) -> int:
        """The HAP status."""
        entry: dict[str, Any] = {"iid": self._iid(of), "value": control.text(value)}
        answer = self.session.put([entry])
        return 0 if answer.status == 204 else int(answer.entries()[0]["status"])

    def must_write(self, of: db.Type, value: bytes) -> None:
        status = self.write(of, value)
        if status != 0:
            failed: list[Entry] = [{"iid": self._iid(of), "status": status}]
            raise WriteRefused(failed)

    def status(self) -> int:
        """StreamingStatus of this instance."""
        value = self.read(db.STREAMING_STATUS)
        assert value[:2] == b"\x01\x01" and len(value) == 3, value.hex()
        return value[2]

    def offer(self) -> control.Offer:
        kinds = (db.LIVE_VIDEO, db.LIVE_AUDIO, db.LIVE_RTP)
        return control.Offer.parse(*(self.read(of) for of in kinds))

    # The life of a stream

    def set_up(self) -> SetupAnswer:
        """Writes our endpoint and reads the camera's; SetupRefused when it has none for us."""
        endpoint = self.advertised or Endpoint(self.host, self.video.port, self.audio.port)
        fresh = SrtpParameters.fresh
        request = SetupRequest(endpoint, fresh(self.suite), fresh(self.suite))
        self.written_at = time.time()
        self.must_write(db.SETUP_ENDPOINTS, request.encode())
        answer = SetupAnswer.parse(self.read(db.SETUP_ENDPOINTS))
        assert answer.session_id == request.session_id, "the answer to somebody else"
        if answer.status != control.SUCCESS:
            raise SetupRefused(answer.status)
        assert answer.video is not None and answer.audio is not None
        assert answer.video.suite == answer.audio.suite == self.suite, answer
        self.request, self.answer = request, answer
        self._open_legs(request, answer)
        return answer

    def _open_legs(self, request: SetupRequest, answer: SetupAnswer) -> None:
        video = Contract.of_video(request, answer, self.selection, self.pictures.push)
        audio = Contract.of_audio(request, answer, self.sound_selection, self.sound.push)
        if self.relays:
            for relay, contract in zip(self.relays, (video, audio), strict=True):
                relay.expect(contract.remote)
            inner = [(video.remote[0], relay.inner_port) for relay in self.relays]
            video, audio = replace(video, remote=inner[0]), replace(audio, remote=inner[1])
        self.video.open(video)
        self.audio.open(audio)

    @property
    def session_id(self) -> bytes:
        assert self.request is not None, "not set up"
        return self.request.session_id

    def start(self) -> None:
        value = control.start(self.session_id, self.selection, self.sound_selection)
        self.must_write(db.SELECTED_RTP, value)
        self.started_at = time.time()

    def watch(self) -> Viewer:
        """Set-up and start in one go."""
        self.set_up()
        self.start()
        return self

    def reconfigure(self, **change: int) -> None:
        """Width, height, fps and kbit as they shall be."""
        self.selection = replace(self.selection, **change)  # type: ignore[arg-type]
        value = control.reconfigure(self.session_id, self.selection)
        self.must_write(db.SELECTED_RTP, value)

    def command(self, number: int) -> None:
        self.must_write(db.SELECTED_RTP, control.command(self.session_id, number))

    def suspend(self) -> None:
        self.command(control.SUSPEND)

    def resume(self) -> None:
        self.command(control.RESUME)

    def end(self) -> None:
        self.command(control.END)

    # What is seen of it

    def _lost(self) -> None:
        if self.asks_for_idr and (not self.asked or time.time() - self.asked[-1] > 0.3):
            self.asked.append(time.time())
            self.video.pli()

    def ask_idr(self) -> float:
        """A PLI; the moment it was sent."""
        moment = time.time()
        self.asked.append(moment)
        self.video.pli()
        return moment

    def problems(self) -> list[str]:
        return self.video.problems + self.audio.problems + self.pictures.problems

    def check(self) -> None:
        """Every rule about packets was kept so far, and nothing was lost."""
        assert not self.problems(), self.problems()[:10]
        reception = self.video.reception
        assert (reception.lost, reception.duplicates) == (0, 0), vars(reception)
        first = self.pictures.pictures[0]
        assert first.is_idr, "the first picture is no IDR"
        assert self.pictures.undecodable == 0, "pictures before the first IDR"

    def timeline(self) -> Timeline:
        """Of the picture."""
        reports = self.video.sender_reports()
        return Timeline(90_000, [(report.timestamp, report.ntp) for report, _ in reports])

    def sound_timeline(self) -> Timeline:
        reports = self.audio.sender_reports()
        told = [(report.timestamp, report.ntp) for report, _ in reports]
        return Timeline(self.sound_selection.hz, told)

    def quiet(self, seconds: float, grace: float = 0.3) -> None:
        """Fails when a packet arrives after `grace` within the time."""
        begun = time.time() + grace
        time.sleep(seconds)
        for name, leg in (("video", self.video), ("audio", self.audio)):
            late = leg.last_arrived - begun
            assert late < 0, f"a {name} packet {late + grace:.2f} s after the stream's end"
