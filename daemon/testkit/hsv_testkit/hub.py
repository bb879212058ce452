# SPDX-License-Identifier: MIT OR Apache-2.0
"""A home hub: selects a recording configuration, waits for motion, fetches the recording."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass, field

from . import database as db
from . import hds
from .hds import HdsConnection, HdsKeys
from .recording import Recording
from .recording_config import Selected, Supported
from .session import Session


class OpenRefused(Exception):
    """dataSend/open was answered with a status; `reason` is the message's status."""

    def __init__(self, status: int, reason: int | None) -> None:
        super().__init__(f"header status {status}, reason {reason}")
        self.status = status
        self.reason = reason


@dataclass
class Hub:
    """One hub on one verified session."""

    session: Session
    host: str = "127.0.0.1"
    _streams: int = field(default=0)

    def supported(self) -> Supported:
        """What the camera offers."""
        types = (db.SUPPORTED_RECORDING, db.SUPPORTED_VIDEO, db.SUPPORTED_AUDIO)
        return Supported.parse(*(base64.b64decode(self.session.read(of)) for of in types))

    def select(self, selected: Selected) -> int:
        """Writes SelectedCameraRecordingConfiguration; the HAP status."""
        value = base64.b64encode(selected.encode()).decode()
        return self.session.write_status(db.SELECTED_RECORDING, value)

    def arm(self, selected: Selected | None = None, audio: bool = True) -> float:
        """Stream & Allow Recording with this configuration; the moment it was selected."""
        status = self.select(selected or Selected())
        assert status == 0, f"the configuration was refused with {status}"
        moment = time.monotonic()
        self.session.write((db.RECORDING_AUDIO, int(audio)))
        self.session.write((db.CAMERA_ACTIVE, True), (db.RTP_ACTIVE, 1), (db.RECORDING_ACTIVE, 1))
        self.session.subscribe(db.MOTION_DETECTED)
        return moment

    def wait_motion(self, timeout: float = 10.0, detected: bool = True) -> float:
        """The moment the event arrived."""
        return self.session.wait_for(db.MOTION_DETECTED, detected, timeout).arrived

    def set_up_transport(self) -> tuple[int, HdsKeys]:
        """Writes SetupDataStreamTransport; port and keys."""
        salt = hds.new_salt()
        value = base64.b64encode(hds.setup_request(salt)).decode()
        entry = self.session.write_response(db.SETUP_TRANSPORT, value)
        assert entry["status"] == 0, entry
        answer = hds.setup_answer(base64.b64decode(entry["value"]))
        assert answer.status == 0 and len(answer.salt) == 32, answer
        return answer.port, HdsKeys.derive(self.session.shared_secret, salt, answer.salt)

    def connect(self, hello: bool = True, receive_buffer: int | None = None) -> HdsConnection:
        port, keys = self.set_up_transport()
        connection = HdsConnection(self.host, port, keys, receive_buffer=receive_buffer)
        if hello:
            connection.hello()
        return connection

    def open(self, connection: HdsConnection, stream_id: int | None = None) -> Recording:
        """Opens a recording; OpenRefused when the camera says no."""
        self._streams += 1
        stream_id = self._streams if stream_id is None else stream_id
        opened = time.monotonic()
        answer = connection.open_recording(stream_id)
        if answer.header["status"] != 0:
            raise OpenRefused(answer.header["status"], answer.body.get("status"))
        assert answer.body == {"status": 0}, answer.body
        return Recording(connection, stream_id, opened)

    def open_soon(self, within_s: float, connection: HdsConnection | None = None) -> Recording:
        """Right after the first picture there is nothing encoded yet; hubs ask again."""
        deadline = time.monotonic() + within_s
        connection = connection or self.connect()
        while True:
            try:
                return self.open(connection)
            except OpenRefused:
                assert time.monotonic() < deadline, f"no recording within {within_s:.0f} s"
                time.sleep(0.1)

    def record(self) -> Recording:
        """Connects, greets and opens in one go."""
        return self.open(self.connect())
