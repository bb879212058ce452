# SPDX-License-Identifier: MIT OR Apache-2.0
"""The D-Bus service from outside: what it offers and what it says."""

from __future__ import annotations

import http.client
import io
import json
import mmap
import os
import socket
import tarfile
import time
import xml.etree.ElementTree as xml
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from conftest import Home, pair

from hsv_testkit import database as db
from hsv_testkit.accessory import free_port
from hsv_testkit.bus import (
    INTERFACES,
    NAME,
    PATH,
    Bus,
    Caller,
    busctl,
    is_there,
    refused,
    run_as,
    started,
    wait_for,
)
from hsv_testkit.live.viewer import Viewer
from hsv_testkit.media import jpeg_size
from hsv_testkit.recording_config import Selected

ERROR = "org.hsvcam.Error."
STATE = ("identity", "pairings")


@pytest.fixture
def home(bus: Bus, start_on_bus: Any) -> Iterator[Home]:
    home = pair(start_on_bus(bus))
    yield home
    home.forget_sessions()


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


def test_the_service_is_what_the_contract_says(bus: Bus, caller: Caller, start_on_bus: Any) -> None:
    start_on_bus(bus)
    told = xml.fromstring(caller.call("org.freedesktop.DBus.Introspectable", "Introspect"))
    running = {i.get("name"): members(i) for i in told.findall("interface")}
    # that of updates is another program's: test_update.py
    files = sorted(set(INTERFACES.glob("*.xml")) - set(INTERFACES.glob("*.Update1.xml")))
    assert len(files) == 4
    for file in files:
        interface = xml.parse(file).getroot().find("interface")
        assert interface is not None
        assert running[interface.get("name")] == members(interface), file.name


def test_the_usual_programs_can_use_it(bus: Bus, start_on_bus: Any) -> None:
    start_on_bus(bus)
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


# Privacy


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


def changes_of(caller: Caller, name: str, act: Callable[[], None]) -> list[Any]:
    """The values of a property that are told while `act` acts and for a second after."""
    with caller.listening("PropertiesChanged") as change:
        act()
        values, until = [], time.monotonic() + 1
        with suppress(TimeoutError):
            while (left := until - time.monotonic()) > 0:
                _, changed, invalidated = change(left)
                assert not invalidated
                values += [changed[name][1]] if name in changed else []
    return values


def test_each_change_of_a_property_is_told_once(home: Home, caller: Caller) -> None:
    def write(name: str, signature: str, value: Any) -> Callable[[], None]:
        return lambda: caller.set("Camera1", name, signature, value)

    for is_on in (True, False):
        told = changes_of(caller, "SoftwarePrivacy", write("SoftwarePrivacy", "b", is_on))
        assert told == [is_on]
        told = changes_of(caller, "ManuallyDisabled", write("SoftwarePrivacy", "b", not is_on))
        assert told == [not is_on]
        caller.set("Camera1", "SoftwarePrivacy", "b", is_on)
    for word in ("off", "automatic"):
        assert changes_of(caller, "NightVision", write("NightVision", "s", word)) == [word]
    by_home = changes_of(
        caller, "NightVision", lambda: home.session.write((db.NIGHT_VISION, False))
    )
    assert by_home == ["off"], "what Home writes is told, too"
    setting = ("Settings1", "Set", "ss", "name")
    told = changes_of(caller, "RestartNeeded", lambda: caller.call(*setting, '"Porch"'))
    assert told == [True]
    told = changes_of(caller, "RestartNeeded", lambda: caller.call(*setting, '"Gate"'))
    assert told == [], "it is needed already"
    unset = ("Settings1", "Unset", "s", "name")
    assert changes_of(caller, "RestartNeeded", lambda: caller.call(*unset)) == [False]


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


def test_a_restart_begins_anew_in_the_same_process(home: Home, caller: Caller) -> None:
    caller.call("System1", "Restart")
    wait_for("the second start", lambda: started(home.camera) == 2)
    wait_for("the name", lambda: is_there(caller))
    assert caller.get("Pairing1", "Paired") is True
    assert caller.call("System1", "Stats")["uptime_seconds"] < 10


def test_a_restart_ends_what_runs_and_tells_so(
    home: Home, caller: Caller, make_viewer: Callable[..., Viewer]
) -> None:
    hub = home.hub()
    hub.arm(Selected(width=1280, height=720))
    wait_for("a fragment", lambda: caller.call("System1", "Stats")["prebuffer_milliseconds"] > 0)
    caller.call("Camera1", "TriggerMotion")
    hub.wait_motion()
    recording = hub.record()
    recording.collect(1)
    viewer = make_viewer(home)
    viewer.set_up()
    viewer.start()
    wait_for("the view", lambda: caller.get("Camera1", "Viewers") == 1)
    with (
        caller.listening("LiveSessionEnded") as view_ended,
        caller.listening("RecordingEnded") as recording_ended,
    ):
        caller.call("System1", "Restart")
        assert view_ended(10) == (1, "the camera stops")
        [last] = recording_ended(10)
        assert last["id"] == ("t", 1) and last["outcome"][1] != "running", last
    home.forget_sessions()
    wait_for("the second start", lambda: started(home.camera) == 2)
    wait_for("the name", lambda: is_there(caller))
    assert caller.get("Camera1", "Recording") is False
    assert caller.get("Camera1", "Viewers") == 0
    assert caller.get("Pairing1", "Paired") is True


def settings_of(caller: Caller) -> dict[str, dict[str, Any]]:
    return {one["key"]: one for one in caller.records("Settings1", "List")}


def test_settings_stand_above_the_file_from_the_next_start_on(home: Home, caller: Caller) -> None:
    before = settings_of(caller)
    assert before["video.width"] == {"key": "video.width", "value": "1280", "from": "file"}
    assert before["video.encoder"]["from"] == "default"
    assert home.camera.setup_code not in str(before), "secrets are not shown"
    assert caller.get("Settings1", "RestartNeeded") is False
    caller.call("Settings1", "Set", "ss", "video.width", "640")
    caller.call("Settings1", "Set", "ss", "video.height", "360")
    assert caller.get("Settings1", "RestartNeeded") is True
    home.forget_sessions()
    caller.call("System1", "Restart")
    wait_for("the second start", lambda: started(home.camera) == 2)
    wait_for("the name", lambda: is_there(caller))
    assert caller.get("Settings1", "RestartNeeded") is False
    assert settings_of(caller)["video.width"]["from"] == "set"
    fd = caller.call("Camera1", "Snapshot", "uu", 4096, 4096)
    with fd.to_file("rb") as file:
        assert jpeg_size(file.read()) == (640, 360), "the setting is in use"
    caller.call("Settings1", "Unset", "s", "video.width")
    assert settings_of(caller)["video.width"]["value"] == "1280"


@pytest.mark.parametrize(
    "key, value",
    [
        ("video.width", "641"),
        ("video.width", "wide"),
        ("video.width", "640\n[hap]\nport = 1"),
        ("no.such", "1"),
        ("pairing.setup-code", '"482-15-937"'),
        ("body.fitted", "[]"),
        ("audio.speaker", '"file:/var/lib/hsv/identity.a"'),
        ("video.encoder", '"rkmpp:/tmp/library.so"'),
        ("name", '"' + "x" * 5000 + '"'),
    ],
)
def test_a_setting_that_cannot_be_is_refused(
    bus: Bus, caller: Caller, start_on_bus: Any, key: str, value: str
) -> None:
    start_on_bus(bus)
    name = refused(lambda: caller.call("Settings1", "Set", "ss", key, value))
    assert name == f"{ERROR}InvalidSetting"
    assert caller.get("Settings1", "RestartNeeded") is False


def test_a_recording_is_told_and_remembered(home: Home, caller: Caller) -> None:
    hub = home.hub()
    hub.arm(Selected(width=1280, height=720))
    wait_for("a fragment", lambda: caller.call("System1", "Stats")["prebuffer_milliseconds"] > 0)
    with caller.listening("RecordingStarted") as began:
        caller.call("Camera1", "TriggerMotion")
        hub.wait_motion()
        recording = hub.record()
        assert began(10) == (1,)
    recording.collect(2)
    assert caller.get("Camera1", "Recording") is True
    assert [one["outcome"] for one in caller.records("Camera1", "Recordings")] == ["running"]
    explained = caller.records("Camera1", "ExplainRecording")
    assert all(one["met"] for one in explained), explained
    with caller.listening("RecordingEnded") as ended:
        recording.close()
        [last] = ended(10)
        assert last["id"] == ("t", 1) and last["outcome"] == ("s", "normal")
    wait_for("its end", lambda: caller.get("Camera1", "Recording") is False)
    [told] = caller.records("Camera1", "Recordings")
    assert told["outcome"] == "normal" and "home hub closed it" in told["reason"], told
    assert told["fragments"] >= 2 and told["bytes"] > 10_000
    assert abs(told["started"] - time.time()) < 60
    findings = {one["check"]: one for one in caller.records("System1", "Doctor")}
    for check in ("camera", "encoder", "ports", "paired", "hub-connected", "recording", "disk"):
        assert findings[check]["verdict"] == "ok", findings[check]


def test_looks_for_movement_can_be_watched(bus: Bus, caller: Caller, start_on_bus: Any) -> None:
    home = pair(start_on_bus(bus, settings={"video": {"source": "test-pattern:walker"}}))
    with caller.listening("MotionScore") as score:
        caller.call("Camera1", "WatchMotion", "u", 15)
        scores = [score(10) for _ in range(20)]
        threshold = {one[1] for one in scores}
        assert all(0 <= one[0] <= 1 for one in scores) and len(threshold) == 1
        moving = [one[0] for one in scores if one[0] >= one[1]]
        while not moving:
            moving = [one for one in [score(10)[0]] if one >= max(threshold)]
    home.forget_sessions()


def test_a_live_view_is_told_and_listed(
    home: Home, caller: Caller, make_viewer: Callable[..., Viewer]
) -> None:
    viewer = make_viewer(home)
    with caller.listening("LiveSessionStarted") as began:
        viewer.set_up()
        viewer.start()
        [told] = began(10)
    [listed] = caller.records("Camera1", "LiveSessions")
    assert listed["id"] == told["id"][1] == 1 and listed["viewer"] == home.camera.host
    assert listed["width"] > 0 and listed["fps"] > 0 and listed["bitrate"] > 0, listed
    assert caller.get("Camera1", "Viewers") == 1
    with caller.listening("LiveSessionEnded") as ended:
        viewer.end()
        assert ended(10) == (1, "the viewer ended it")
    assert caller.records("Camera1", "LiveSessions") == []


def test_diagnostics_hold_no_secret(bus: Bus, caller: Caller, start_on_bus: Any) -> None:
    camera = start_on_bus(bus, environment={"RUST_LOG": "trace"})
    home = pair(camera)
    home.add_user()
    session = home.session
    session.read(db.CAMERA_ACTIVE)
    picture = session.snapshot().body
    fd = caller.call("System1", "Diagnostics")
    with fd.to_file("rb") as file:
        archive = file.read()
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        names = tar.getnames()
        journal = tar.extractfile("journal.txt")
        assert journal is not None and b"paired" in journal.read()
    assert "configuration.toml" in names and "findings.txt" in names
    kept = [json.loads((camera.state / f"{d}.a").read_text().split("\n", 1)[1]) for d in STATE]
    identity, pairings = kept
    keys = [bytes(identity["signing_seed"]), session.shared_secret, home.pairing.accessory_key]
    keys += [bytes(one["public_key"]) for one in pairings["pairings"]]
    keys[2:3] = []  # the camera's public key is told to everybody
    texts = [identity["setup_code"], identity["setup_id"], camera.setup_code]
    texts += [one["identifier"] for one in pairings["pairings"]]
    forms = [text.encode() for text in texts] + [text.replace("-", "").encode() for text in texts]
    for key in keys:
        forms += [key, key.hex().encode(), key.hex().upper().encode(), b64encode(key)]
        forms += [", ".join(map(str, key)).encode()]
    forms += [picture[at : at + 24] for at in range(700, len(picture) - 24, 997)]
    for form in forms:
        assert form not in archive, form
    home.forget_sessions()


def test_metrics_are_told_on_this_machine(bus: Bus, caller: Caller, start_on_bus: Any) -> None:
    port = free_port()
    start_on_bus(bus, control={"metrics": port})

    def get(path: str, method: str = "GET") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    status, text = get("/metrics")
    assert status == 200 and "# TYPE hsv_captured_pictures_total counter" in text
    told = {line.split()[0] for line in text.splitlines() if not line.startswith("#")}
    assert told == {f"hsv_{name}" for name in caller.call("System1", "Stats")}
    assert get("/")[0] == 404 and get("/metrics", "POST")[0] == 405
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    assert caller.get("Camera1", "Mode") == "unpaired", "who is slow keeps nobody waiting"
    for one in slow:
        one.close()
