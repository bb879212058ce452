# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the D-Bus service survives: power cuts, no bus, a flood, and wrong calls."""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import Home, pair
from jeepney import MessageType, new_method_call

from hsv_testkit import database as db
from hsv_testkit.accessory import Accessory
from hsv_testkit.bus import (
    Bus,
    Caller,
    CallError,
    is_there,
    refused,
    wait_for,
)

ERROR = "org.hsvcam.Error."
REFUSAL = MessageType.error


@pytest.fixture
def home(bus: Bus, start_on_bus: Any) -> Iterator[Home]:
    home = pair(start_on_bus(bus))
    yield home
    home.forget_sessions()


def test_what_was_answered_survives_a_power_cut(home: Home, bus: Bus, rng: random.Random) -> None:
    """The power goes between the call and its answer, before and after."""
    answered, told = False, True
    for turn in range(12):
        caller = Caller(bus)
        wait_for("the name", lambda caller=caller: is_there(caller))
        now = caller.get("Camera1", "SoftwarePrivacy")
        assert now == answered if told else now in (True, False), "what was answered holds"
        wish, told = not now, False
        killer = threading.Timer(rng.uniform(0, 0.03), home.camera.kill)
        killer.start()
        try:
            caller.set("Camera1", "SoftwarePrivacy", "b", wish)
            answered, told = wish, True
        except CallError:
            pass
        killer.join()
        caller.close()
        print(f"turn {turn}: {'answered' if told else 'not answered'}")
        home.forget_sessions()
        home.camera.start()


def test_without_a_bus_the_camera_works(tmp_path: Path) -> None:
    settings = {"control": {"bus": f"unix:path={tmp_path}/nowhere"}}
    with Accessory(tmp_path, settings) as camera:
        camera.wait_log("not on D-Bus", 10)
        home = pair(camera)
        assert home.session.read(db.CAMERA_ACTIVE) in (1, True)
        time.sleep(2)
        assert camera.log().count("D-Bus") == 1, "told once"
        home.forget_sessions()


def test_a_bus_that_comes_back_has_the_camera_again(home: Home, bus: Bus, caller: Caller) -> None:
    caller.set("Camera1", "SoftwarePrivacy", "b", True)
    for _ in range(2):
        bus.stop()
        assert home.session.read(db.CAMERA_ACTIVE) in (1, True)
        bus.start()
        again = Caller(bus)
        wait_for("the name", lambda again=again: is_there(again), 20)
        assert again.get("Camera1", "SoftwarePrivacy") is True
        again.close()
    log = home.camera.log()
    assert log.count("D-Bus is gone") == 2 and "not on D-Bus" not in log, "once an episode"


def test_wrong_calls_have_names(home: Home, bus: Bus, caller: Caller) -> None:
    unknown = refused(lambda: caller.call("Camera1", "OpenTheDoor"))
    assert unknown == "org.freedesktop.DBus.Error.UnknownMethod"
    wrong = refused(lambda: caller.set("Camera1", "SoftwarePrivacy", "s", "yes"))
    assert wrong == "org.freedesktop.DBus.Error.InvalidArgs"
    wrong = refused(lambda: caller.set("Camera1", "Mode", "s", "off"))
    assert wrong == "org.freedesktop.DBus.Error.UnknownProperty", "it cannot be set"
    wrong = refused(lambda: caller.call("Camera1", "WatchMotion", "u", 0))
    assert wrong == f"{ERROR}InvalidArgument"
    assert home.camera.is_running()


def test_text_that_is_no_text_is_refused(home: Home, bus: Bus, caller: Caller) -> None:
    """Invalid UTF-8, which a bus must not pass on, and what a file would read as something else."""
    before = caller.records("Settings1", "List")
    good, bad = b"VALUE-HERE", b"\xff\xfe\xc0\xaf\xed\xa0\x80\xf8!!"
    for key, value in (("name", good.decode()), (good.decode(), '"x"')):
        raw = Caller(bus)
        where = raw.address("org.hsvcam.Settings1")
        message = new_method_call(where, "Set", "ss", (key, value))
        data = message.serialise(serial=77)
        assert data.count(good) == 1 and len(good) == len(bad)
        raw.connection.sock.sendall(data.replace(good, bad))
        with suppress(ConnectionError):  # the bus may close it instead
            while (answer := raw.connection.receive(timeout=10)).header.message_type != REFUSAL:
                assert answer.header.message_type == MessageType.signal, answer
        raw.close()
    for value in ('"\\u0000"', '"a\nb"', '"\x1b[2J"', "\u202e"):
        name = refused(lambda value=value: caller.call("Settings1", "Set", "ss", "name", value))
        assert name == f"{ERROR}InvalidSetting", value
    assert caller.records("Settings1", "List") == before
    assert caller.get("Settings1", "RestartNeeded") is False
    assert home.session.read(db.CAMERA_ACTIVE) in (1, True) and home.camera.is_running()


def latencies(home: Home, seconds: float) -> list[float]:
    """Milliseconds of reads over HAP."""
    taken, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.perf_counter()
        home.session.read(db.MOTION_DETECTED)
        taken.append((time.perf_counter() - began) * 1000)
        time.sleep(0.02)
    return taken


FLOOD = """
import sys, time
from jeepney import DBusAddress, new_method_call, MessageType
from jeepney.io.blocking import open_dbus_connection
connection = open_dbus_connection(sys.argv[1])
where = DBusAddress("/org/hsvcam/Camera", "org.hsvcam.Camera", "org.hsvcam.Camera1")
calls = [new_method_call(where, "Identify"), new_method_call(where, "ExplainRecording")]
sent, until, due = 0, time.monotonic() + float(sys.argv[2]), time.monotonic()
waiting = {}
while time.monotonic() < until:
    connection.send(calls[sent % 2])
    sent, due = sent + 1, due + 0.001
    while True:
        left = due - time.monotonic()
        try:
            connection.receive(timeout=max(left, 0))
        except TimeoutError:
            break
print(sent)
"""


def test_a_flood_of_calls_leaves_homekit_alone(home: Home, bus: Bus) -> None:
    seconds = 6.0
    calm = latencies(home, 3)
    flood = subprocess.Popen(
        [sys.executable, "-c", FLOOD, bus.address, str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
    )
    time.sleep(0.5)
    busy = latencies(home, seconds - 1)
    sent = int(flood.communicate(timeout=30)[0])

    def told(taken: list[float]) -> str:
        worst = statistics.quantiles(taken, n=20)[-1]
        return f"median {statistics.median(taken):.1f} ms, 95 % within {worst:.1f} ms"

    print(f"HAP reads alone: {told(calm)}; beside {sent / seconds:.0f} calls/s: {told(busy)}")
    assert sent / seconds > 500, "that was no flood"
    assert home.camera.log().count("identify") < 10, "nor may it fill the log"
    assert statistics.median(busy) < statistics.median(calm) + 3
    assert statistics.quantiles(busy, n=20)[-1] < statistics.quantiles(calm, n=20)[-1] + 25
    assert home.session.read(db.CAMERA_ACTIVE) in (1, True)


def test_an_idle_camera_says_nothing(home: Home, caller: Caller) -> None:
    """Nor does one that is only looked at."""
    time.sleep(1)
    before = len(home.camera.lines)
    for _ in range(20):
        caller.get("Camera1", "Mode")
        caller.records("System1", "Doctor")
    time.sleep(30)
    assert home.camera.lines[before:] == []
