# SPDX-License-Identifier: MIT OR Apache-2.0
"""The camera against hap-controller, which opens a connection and verifies for each call."""

from __future__ import annotations

import base64
import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hsv_testkit import database as db
from hsv_testkit.accessory import Accessory
from hsv_testkit.database import Database
from hsv_testkit.live import control
from hsv_testkit.live.leg import Contract, Leg
from hsv_testkit.live.streams import PictureStream
from hsv_testkit.media import jpeg_size

TESTKIT = Path(__file__).resolve().parents[1]


class Client:
    """The Node program beside this suite, one command at a time."""

    def __init__(self, camera: Accessory) -> None:
        script = str(TESTKIT / "node" / "controller.js")
        self.process = subprocess.Popen(
            ["node", script, camera.host, str(camera.port), camera.setup_code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.results: queue.Queue[dict[str, Any]] = queue.Queue()
        self.events: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            message = json.loads(line)
            (self.events if "event" in message else self.results).put(message)

    def ask(self, command: str, **more: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"command": command, **more}) + "\n")
        self.process.stdin.flush()
        return self.results.get(timeout=30)

    def do(self, command: str, **more: Any) -> Any:
        answer = self.ask(command, **more)
        assert "error" not in answer, answer
        return answer["result"]

    def close(self) -> None:
        self.process.kill()
        self.process.wait(5)


@pytest.fixture
def client(camera: Accessory) -> Iterator[Client]:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    found = subprocess.run(
        ["node", "-e", "require('hap-controller')"], cwd=TESTKIT, capture_output=True, check=False
    )
    if found.returncode:
        pytest.skip("hap-controller is not installed: npm install --no-package-lock in testkit")
    client = Client(camera)
    yield client
    client.close()


def database(client: Client) -> Database:
    return Database(client.do("accessories"))


@pytest.mark.parametrize("method", [0, 1])
def test_pairs_lists_and_pairs_again(client: Client, method: int) -> None:
    client.do("identify")
    for _ in range(2):
        client.do("pair", method=method)
        services = {db.short(service["type"]) for service in database(client).services()}
        assert {"3E", "A2", "110", "85", "21A", "204", "129"} <= services
        client.do("remove")


def test_reads_and_writes(client: Client) -> None:
    client.do("pair")
    base = database(client)
    rtp, name = f"1.{base.iid(db.RTP_ACTIVE)}", f"1.{base.iid(db.NAME)}"
    (entry,) = client.do("read", ids=[rtp])["characteristics"]
    assert entry["value"] == 1 and "pw" in entry["perms"] and entry["format"] == "uint8"
    client.do("write", values={rtp: 0})
    assert client.do("read", ids=[rtp])["characteristics"][0]["value"] == 0
    answer = client.ask("write", values={name: "x"})
    assert "-70404" in json.dumps(answer)


def test_a_plain_write_of_a_timed_characteristic_is_refused(client: Client) -> None:
    client.do("pair")
    base = database(client)
    answer = client.ask("write", values={f"1.{base.iid(db.RECORDING_AUDIO)}": 1})
    assert "-70410" in json.dumps(answer)


def test_subscribes_and_gets_an_event(camera: Accessory, client: Client) -> None:
    client.do("pair")
    iid = database(client).iid(db.MOTION_DETECTED)
    client.do("subscribe", ids=[f"1.{iid}"])
    camera.trigger_motion()
    event = client.events.get(timeout=5)["event"]
    (entry,) = [item for item in event["characteristics"] if item["iid"] == iid]
    assert entry["value"] in (1, True)


def test_takes_snapshots(client: Client) -> None:
    client.do("pair")
    for _ in range(5):
        jpeg_size(base64.b64decode(client.do("image", width=640, height=360)))


def test_many_connections_one_after_another(client: Client) -> None:
    client.do("pair")
    iid = database(client).iid(db.NAME)
    for _ in range(50):
        assert client.do("read", ids=[f"1.{iid}"])["characteristics"][0]["value"]


def test_sets_up_live_video(camera: Accessory, client: Client) -> None:
    """On one connection, which hap-controller keeps only when told to."""
    client.do("pair")
    client.do("keep")
    base = database(client)
    setup, selected = f"1.{base.iid(db.SETUP_ENDPOINTS)}", f"1.{base.iid(db.SELECTED_RTP)}"
    pictures, chosen = PictureStream(), control.VideoSelection()
    with Leg(camera.host) as video, Leg(camera.host) as audio:
        endpoint = control.Endpoint(camera.host, video.port, audio.port)
        request = control.SetupRequest(endpoint)
        client.do("write", values={setup: control.text(request.encode())})
        value = client.do("read", ids=[setup])["characteristics"][0]["value"]
        answer = control.SetupAnswer.parse(base64.b64decode(value))
        assert answer.session_id == request.session_id
        video.open(Contract.of_video(request, answer, chosen, pictures.push))
        start = control.start(request.session_id, chosen, control.AudioSelection())
        client.do("write", values={selected: control.text(start)})
        pictures.wait_more(20)
        end = control.command(request.session_id, control.END)
        client.do("write", values={selected: control.text(end)})
        assert not video.problems + pictures.problems


def test_a_set_up_is_no_other_connections_business(camera: Accessory, client: Client) -> None:
    """hap-controller as it is reads on another connection than it wrote on."""
    client.do("pair")
    setup = f"1.{database(client).iid(db.SETUP_ENDPOINTS)}"
    request = control.SetupRequest(control.Endpoint(camera.host, 45000, 45002))
    client.do("write", values={setup: control.text(request.encode())})
    value = base64.b64decode(client.do("read", ids=[setup])["characteristics"][0]["value"])
    assert request.video.key not in value and request.session_id not in value
