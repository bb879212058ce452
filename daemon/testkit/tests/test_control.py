# SPDX-License-Identifier: MIT OR Apache-2.0
"""The D-Bus service from outside: who may do what, what it says, and what it survives."""

from __future__ import annotations

import mmap
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
import xml.etree.ElementTree as xml
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import Home, pair

from hsv_testkit import database as db
from hsv_testkit.accessory import Accessory, camera_binary
from hsv_testkit.bus import (
    INTERFACES,
    NAME,
    PATH,
    SESSION,
    SYSTEM,
    Bus,
    Caller,
    CallError,
    People,
    busctl,
    missing_for_dbus_broker,
    run_as,
    wait_for,
)
from hsv_testkit.media import jpeg_size

DENIED = "org.freedesktop.DBus.Error.AccessDenied"
ERROR = "org.hsvcam.Error."


@pytest.fixture(scope="module")
def people() -> Iterator[People]:
    if os.geteuid() != 0:
        pytest.skip("only root can call as somebody else")
    people = People()
    yield people
    people.remove()


@pytest.fixture
def work() -> Iterator[Path]:
    """A folder that every user may enter, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="hsv-control-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(params=["dbus-daemon", "dbus-broker"])
def each_bus(request: pytest.FixtureRequest, people: People, work: Path) -> Iterator[Bus]:
    """A system bus with our policy."""
    if request.param == "dbus-broker" and (why := missing_for_dbus_broker()):
        pytest.skip(why)
    yield from _bus(work, request.param, SYSTEM)


@pytest.fixture
def bus(work: Path) -> Iterator[Bus]:
    """A bus without a policy."""
    yield from _bus(work, "dbus-daemon", SESSION)


def _bus(work: Path, program: str, template: str) -> Iterator[Bus]:
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed")
    bus = Bus(work, program, template)
    yield bus
    bus.stop()
    print(f"--- log of {program}\n{bus.log()[-2000:]}")


@pytest.fixture
def start(work: Path) -> Iterator[Callable[..., Accessory]]:
    """Starts a camera on a bus, as the user it has in an image where the bus has a policy."""
    cameras: list[Accessory] = []

    def start(bus: Bus, user: str | None = None, **more: Any) -> Accessory:
        control = {"bus": bus.address, **more.pop("control", {})}
        folder = work / f"camera{len(cameras)}"
        camera = Accessory(folder, {"control": control, **more.pop("settings", {})}, **more)
        if user:
            camera.inside = People.command(user)
            binary = work / "hsvd"
            shutil.copy(camera_binary(), binary)
            camera.binary = binary
            subprocess.run(["chown", "-R", user, str(folder)], check=True)
        cameras.append(camera)
        camera.start()
        camera.wait_log("on D-Bus", 10)
        return camera

    yield start
    for camera in cameras:
        is_running = camera.is_running()
        camera.kill()
        print(f"--- log of the camera\n{camera.log()}")
        assert is_running or camera.expect_end, "the camera ended"
        assert "panicked" not in camera.log()


@pytest.fixture
def caller(bus: Bus) -> Iterator[Caller]:
    caller = Caller(bus)
    yield caller
    with suppress(OSError):
        caller.close()


def refused(action: Callable[[], Any]) -> str:
    with pytest.raises(CallError) as raised:
        action()
    return raised.value.name


# What it offers


def members(interface: xml.Element) -> dict[tuple[str, str], Any]:
    """An interface without comments, order and layout."""

    def args(of: xml.Element, default: str) -> list[tuple[str | None, ...]]:
        found = of.findall("arg")
        return [(a.get("name"), a.get("type"), a.get("direction", default)) for a in found]

    def notes(of: xml.Element) -> set[tuple[str | None, ...]]:
        found = {(a.get("name"), a.get("value")) for a in of.findall("annotation")}
        return found - {("org.freedesktop.DBus.Property.EmitsChangedSignal", "true")}

    told: dict[tuple[str, str], Any] = {}
    for one in interface:
        name = one.get("name", "")
        if one.tag == "property":
            told[one.tag, name] = (one.get("type"), one.get("access"), notes(one))
        elif one.tag in ("method", "signal"):
            told[one.tag, name] = args(one, "in" if one.tag == "method" else "out")
    return told


def test_the_service_is_what_the_contract_says(bus: Bus, caller: Caller, start: Any) -> None:
    start(bus)
    told = xml.fromstring(caller.call("org.freedesktop.DBus.Introspectable", "Introspect"))
    running = {i.get("name"): members(i) for i in told.findall("interface")}
    files = sorted(INTERFACES.glob("*.xml"))
    assert len(files) == 4
    for file in files:
        interface = xml.parse(file).getroot().find("interface")
        assert interface is not None
        assert running[interface.get("name")] == members(interface), file.name


def test_the_usual_programs_can_use_it(bus: Bus, start: Any) -> None:
    start(bus)
    where = [NAME, PATH, "org.hsvcam.System1"]
    said = busctl("root", bus, "get-property", *where, "Version")
    assert said.stdout.startswith('s "'), said
    said = busctl("root", bus, "call", *where, "Doctor")
    assert said.stdout.startswith("aa{sv} "), said
    gdbus = ["gdbus", "call", "--address", "ADDRESS", "--dest", NAME, "--object-path", PATH]
    said = run_as("root", bus, *gdbus, "--method", "org.hsvcam.Camera1.ExplainRecording")
    assert "'paired'" in said.stdout, said
    send = ["dbus-send", "--bus=ADDRESS", "--print-reply", f"--dest={NAME}", PATH]
    said = run_as("root", bus, *send, "org.hsvcam.System1.Stats")
    assert "uptime_seconds" in said.stdout, said
    said = run_as("root", bus, *send, "org.hsvcam.Camera1.TriggerMotion")
    assert f"{ERROR}NotPermitted" in said.stderr, "an unpaired camera does not look"


# Who may do what


READ = [
    ["get-property", NAME, PATH, "org.hsvcam.Camera1", "Mode"],
    ["introspect", NAME, PATH],
    ["call", NAME, PATH, "org.hsvcam.Camera1", "Recordings"],
    ["call", NAME, PATH, "org.hsvcam.Camera1", "LiveSessions"],
    ["call", NAME, PATH, "org.hsvcam.Camera1", "ExplainRecording"],
    ["call", NAME, PATH, "org.hsvcam.Pairing1", "Controllers"],
    ["call", NAME, PATH, "org.hsvcam.System1", "Doctor"],
    ["call", NAME, PATH, "org.hsvcam.System1", "Stats"],
]
CHANGE = [
    ["set-property", NAME, PATH, "org.hsvcam.Camera1", "SoftwarePrivacy", "b", "true"],
    ["set-property", NAME, PATH, "org.hsvcam.Camera1", "NightVision", "s", "off"],
    ["call", NAME, PATH, "org.hsvcam.Camera1", "Identify"],
    ["call", NAME, PATH, "org.hsvcam.Pairing1", "ClearAttempts"],
    ["call", NAME, PATH, "org.hsvcam.Pairing1", "UnpairAll"],
]
ROOT = [["call", NAME, PATH, "org.hsvcam.Pairing1", "SetupCode"]]


def test_who_may_do_what(each_bus: Bus, start: Any) -> None:
    start(each_bus, user="hsv")
    rows = [
        ("hsvt-nobody", [], READ + CHANGE + ROOT),
        ("hsvt-look", READ, CHANGE + ROOT),
        ("hsvt-admin", READ + CHANGE, ROOT),
        ("root", READ + CHANGE + ROOT, []),
    ]
    for name, allowed, denied in rows:
        for words in denied:
            said = busctl(name, each_bus, *words)
            assert said.returncode != 0, (name, words)
            assert "denied" in said.stderr.lower(), (name, words, said.stderr)
        for words in allowed:
            said = busctl(name, each_bus, *words)
            assert said.returncode == 0, (name, words, said.stderr)
    log = busctl("hsvt-look", each_bus, "call", NAME, PATH, "", "SetupCode").stderr.lower()
    assert "denied" in log or "invalid" in log, "a call without an interface opens nothing"


def test_nobody_else_may_be_the_camera(each_bus: Bus, start: Any) -> None:
    for name in ("hsvt-nobody", "hsvt-look", "hsvt-admin"):
        own = ["call", "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName"]
        said = busctl(name, each_bus, *own, "su", NAME, "0")
        assert said.returncode != 0 and "denied" in said.stderr.lower(), (name, said)


def test_signals_are_for_those_who_may_look(people: People, work: Path, start: Any) -> None:
    for bus in _bus(work, "dbus-daemon", SYSTEM):
        start(bus, user="hsv")
        heard = {}
        for name in ("hsvt-nobody", "hsvt-look"):
            words = ["dbus-monitor", "--address", bus.address, f"sender='{NAME}'"]
            heard[name] = subprocess.Popen(
                [*People.command(name), "stdbuf", "-oL", *words],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        time.sleep(1)
        caller = Caller(bus)
        caller.set("Camera1", "SoftwarePrivacy", "b", True)
        time.sleep(1)
        caller.close()
        for monitor in heard.values():
            monitor.terminate()
        said = {name: monitor.communicate(timeout=10)[0] for name, monitor in heard.items()}
        assert "PropertiesChanged" in said["hsvt-look"], said
        assert "PropertiesChanged" not in said["hsvt-nobody"], said


# Privacy


@pytest.fixture
def home(bus: Bus, start: Any) -> Iterator[Home]:
    home = pair(start(bus))
    yield home
    home.forget_sessions()


def test_software_privacy_goes_the_way_of_the_switch(home: Home, caller: Caller) -> None:
    home.session.subscribe(db.MANUALLY_DISABLED)
    assert caller.get("Camera1", "Mode") == "stream"
    assert caller.get("Camera1", "Permits")["capture"] is True
    caller.set("Camera1", "SoftwarePrivacy", "b", True)
    assert caller.get("Camera1", "Mode") == "disabled-by-hand"
    assert caller.get("Camera1", "ManuallyDisabled") is True
    home.session.wait_for(db.MANUALLY_DISABLED, True, 5)
    assert home.session.read(db.MANUALLY_DISABLED) in (1, True)
    assert refused(lambda: caller.call("Camera1", "TriggerMotion")) == f"{ERROR}NotPermitted"
    snapshot = ("Camera1", "Snapshot", "uu", 640, 480)
    assert refused(lambda: caller.call(*snapshot)) == f"{ERROR}NotPermitted"
    home.power_cycle()
    home.camera.wait_log("on D-Bus", 10)
    wait_for("the name", lambda: is_there(caller))
    assert caller.get("Camera1", "SoftwarePrivacy") is True, "it holds over a power cut"
    caller.set("Camera1", "SoftwarePrivacy", "b", False)
    assert caller.get("Camera1", "Mode") == "stream"


def is_there(caller: Caller) -> bool:
    try:
        caller.get("System1", "Version")
    except CallError:
        return False
    return True


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


# Everything else that can be asked


def test_a_snapshot_is_a_sealed_picture(home: Home, caller: Caller) -> None:
    fd = caller.call("Camera1", "Snapshot", "uu", 640, 360)
    with fd.to_file("rb") as file:
        with pytest.raises(OSError):
            os.truncate(file.fileno(), 0)
        with pytest.raises((OSError, PermissionError)):
            mmap.mmap(file.fileno(), 0, prot=mmap.PROT_WRITE, flags=mmap.MAP_SHARED)
        width, height = jpeg_size(file.read())
    assert (width, height) == (640, 360)
    for size in ((1, 480), (640, 4097), (0, 0), (2**32 - 1, 2**32 - 1)):
        name = refused(lambda size=size: caller.call("Camera1", "Snapshot", "uu", *size))
        assert name == f"{ERROR}InvalidArgument", size
    home.session.write((db.EVENT_SNAPSHOTS, 0))
    snapshot = ("Camera1", "Snapshot", "uu", 640, 360)
    assert refused(lambda: caller.call(*snapshot)) == f"{ERROR}NotPermitted", "the gate decides"


def test_night_vision_is_what_home_reads(home: Home, caller: Caller) -> None:
    home.session.subscribe(db.NIGHT_VISION)
    caller.set("Camera1", "NightVision", "s", "off")
    home.session.wait_for(db.NIGHT_VISION, False, 5)
    assert caller.get("Camera1", "NightVision") == "off"
    home.session.write((db.NIGHT_VISION, True))
    wait_for("Home's word", lambda: caller.get("Camera1", "NightVision") == "automatic")
    wrong = refused(lambda: caller.set("Camera1", "NightVision", "s", "on"))
    assert wrong == f"{ERROR}InvalidArgument"


def test_motion_is_triggered_told_and_explained(home: Home, caller: Caller) -> None:
    before = {one["name"]: one for one in caller.records("Camera1", "ExplainRecording")}
    assert not before["motion"]["met"]
    caller.call("Camera1", "TriggerMotion")
    wait_for("motion", lambda: caller.get("Camera1", "MotionDetected"))
    after = {one["name"]: one for one in caller.records("Camera1", "ExplainRecording")}
    assert after["motion"]["met"] and after["paired"]["met"] and after["camera-on"]["met"]
    first = next(one for one in after.values() if not one["met"])
    assert first["name"] == "recording-allowed" and first["advice"], first


def test_who_is_paired(home: Home, caller: Caller) -> None:
    home.add_user()
    listed = caller.records("Pairing1", "Controllers")
    assert [one["admin"] for one in listed] == [True, False]
    assert [one["connected"] for one in listed] == [True, False]
    assert abs(listed[0]["last_seen"] - time.time()) < 60 and "last_seen" not in listed[1]
    code, uri = caller.call("Pairing1", "SetupCode")
    assert code == home.camera.setup_code and uri.startswith("X-HM://")
    unknown = ("Pairing1", "Remove", "s", "nobody")
    assert refused(lambda: caller.call(*unknown)) == f"{ERROR}UnknownController"
    too_long = ("Pairing1", "Remove", "s", "x" * 100)
    assert refused(lambda: caller.call(*too_long)) == f"{ERROR}InvalidArgument"
    caller.call("Pairing1", "Remove", "s", listed[1]["id"])
    assert [one["id"] for one in caller.records("Pairing1", "Controllers")] == [listed[0]["id"]]
    caller.call("Pairing1", "UnpairAll")
    assert caller.get("Pairing1", "Paired") is False
    home.power_cycle()
    wait_for("the name", lambda: is_there(caller))
    assert caller.get("Pairing1", "Paired") is False, "it was on the disk"


def test_a_factory_reset_leaves_another_camera(home: Home, caller: Caller) -> None:
    identity = (home.camera.state / "identity.a").read_text()
    caller.set("Camera1", "SoftwarePrivacy", "b", True)
    pid = home.camera.pid
    caller.call("Pairing1", "FactoryReset")
    wait_for("a new camera", lambda: len(home.camera.lines) and started(home.camera) == 2)
    wait_for("the name", lambda: is_there(caller))
    assert caller.get("Pairing1", "Paired") is False
    assert caller.get("Camera1", "SoftwarePrivacy") is False
    assert (home.camera.state / "identity.a").read_text() != identity
    assert home.camera.is_running() and home.camera.pid == pid
    assert not (home.camera.state / "reset.a").exists()


def started(camera: Accessory) -> int:
    return sum("hsvd listening" in line for line in camera.lines)


def test_a_restart_begins_anew_in_the_same_process(home: Home, caller: Caller) -> None:
    caller.call("System1", "Restart")
    wait_for("the second start", lambda: started(home.camera) == 2)
    wait_for("the name", lambda: is_there(caller))
    assert caller.get("Pairing1", "Paired") is True
    assert caller.call("System1", "Stats")["uptime_seconds"] < 10


# What it survives


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
        [os.sys.executable, "-c", FLOOD, bus.address, str(seconds)],  # type: ignore[attr-defined]
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
    assert sent / seconds > 300, "that was no flood"
    assert statistics.median(busy) < statistics.median(calm) + 20
    assert home.session.read(db.CAMERA_ACTIVE) in (1, True)


def test_an_idle_camera_says_nothing(home: Home, caller: Caller) -> None:
    time.sleep(1)
    before = len(home.camera.lines)
    for _ in range(20):
        caller.get("Camera1", "Mode")
        caller.records("System1", "Doctor")
    assert home.camera.lines[before:] == []
