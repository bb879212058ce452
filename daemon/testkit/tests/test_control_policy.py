# SPDX-License-Identifier: MIT OR Apache-2.0
"""Who may do what over a real bus with our policy, as real users."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bus_fixtures import run_bus

from hsv_testkit.bus import NAME, PATH, SYSTEM, Bus, Caller, People, busctl, run_as, started

READ = [
    ["get-property", NAME, PATH, "org.hsvcam.Camera1", "Mode"],
    ["introspect", NAME, PATH],
    ["call", NAME, PATH, "org.hsvcam.Camera1", "Recordings"],
    ["call", NAME, PATH, "org.hsvcam.Camera1", "LiveSessions"],
    ["call", NAME, PATH, "org.hsvcam.Camera1", "ExplainRecording"],
    ["call", NAME, PATH, "org.hsvcam.Pairing1", "Controllers"],
    ["call", NAME, PATH, "org.hsvcam.System1", "Doctor"],
    ["call", NAME, PATH, "org.hsvcam.System1", "Stats"],
    ["call", NAME, PATH, "org.hsvcam.System1", "Diagnostics"],
    ["call", NAME, PATH, "org.hsvcam.Settings1", "List"],
]
CHANGE = [
    ["set-property", NAME, PATH, "org.hsvcam.Camera1", "SoftwarePrivacy", "b", "true"],
    ["set-property", NAME, PATH, "org.hsvcam.Camera1", "NightVision", "s", "off"],
    ["call", NAME, PATH, "org.hsvcam.Camera1", "Identify"],
    ["call", NAME, PATH, "org.hsvcam.Pairing1", "ClearAttempts"],
    ["call", NAME, PATH, "org.hsvcam.Pairing1", "UnpairAll"],
]
ROOT = [["call", NAME, PATH, "org.hsvcam.Pairing1", "SetupCode"]]
# Refused for its argument or by the camera's state, and so without an effect, for who may call them
ALSO_CHANGE = [
    ["call", NAME, PATH, "org.hsvcam.Camera1", "TriggerMotion"],
    ["call", NAME, PATH, "org.hsvcam.Pairing1", "Remove", "s", "nobody"],
    ["call", NAME, PATH, "org.hsvcam.Settings1", "Set", "ss", "no.such", "1"],
    ["call", NAME, PATH, "org.hsvcam.Settings1", "Unset", "s", "no.such"],
]
# What nobody gets to try who may not
NEVER = [
    ["call", NAME, PATH, "org.hsvcam.Pairing1", "FactoryReset"],
    ["call", NAME, PATH, "org.hsvcam.System1", "Restart"],
]
MODE = [NAME, PATH, "org.hsvcam.Camera1"]
# The member alone: a rule that names an interface must not let it pass.
NAMELESS = [
    ("SetupCode", ()),
    ("UnpairAll", ()),
    ("FactoryReset", ()),
    ("ClearAttempts", ()),
    ("Remove", ("s", "nobody")),
    ("Restart", ()),
    ("Identify", ()),
    ("TriggerMotion", ()),
    ("Unset", ("s", "name")),
    ("Set", ("ss", "name", '"Porch"')),
    ("Set", ("ssv", "org.hsvcam.Camera1", "SoftwarePrivacy", "b", "true")),
    ("Set", ("ssv", "org.hsvcam.Camera1", "NightVision", "s", "off")),
]
# busctl always names one
WITHOUT_INTERFACE = """
import sys
from jeepney import DBusAddress, new_method_call
from jeepney.io.blocking import open_dbus_connection
address, member, *words = sys.argv[1:]
where = DBusAddress("/org/hsvcam/Camera", "org.hsvcam.Camera", None)
body = tuple(words[1:])
if words and words[0] == "ssv":
    value = words[4] == "true" if words[3] == "b" else words[4]
    body = (words[1], words[2], (words[3], value))
message = new_method_call(where, member, words[0] if words else None, body)
connection = open_dbus_connection(address)
print(connection.send_and_get_reply(message, timeout=10).header.fields)
"""


def test_who_may_do_what(each_bus: Bus, start_on_bus: Any) -> None:
    start_on_bus(each_bus, user="hsv")
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
    for words in ALSO_CHANGE + NEVER:
        for name in ("hsvt-nobody", "hsvt-look"):
            said = busctl(name, each_bus, *words)
            assert said.returncode != 0, (name, words)
            assert "denied" in said.stderr.lower(), (name, words, said.stderr)
    for words in ALSO_CHANGE:
        said = busctl("hsvt-admin", each_bus, *words)
        assert "denied" not in said.stderr.lower(), ("it reaches the camera", words, said.stderr)


def test_a_call_without_an_interface_opens_nothing(each_bus: Bus, start_on_bus: Any) -> None:
    camera = start_on_bus(each_bus, user="hsv")
    for name in ("hsvt-nobody", "hsvt-look"):
        for member, words in NAMELESS:
            run = ["-c", WITHOUT_INTERFACE, "ADDRESS", member, *words]
            said = run_as(name, each_bus, sys.executable, *run)
            assert "AccessDenied" in said.stdout, (name, member, said)
    said = busctl("root", each_bus, "get-property", *MODE, "SoftwarePrivacy")
    assert said.stdout.strip() == "b false"
    assert started(camera) == 1


def test_nobody_else_may_be_the_camera(each_bus: Bus, start_on_bus: Any) -> None:
    for name in ("hsvt-nobody", "hsvt-look", "hsvt-admin"):
        own = ["call", "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName"]
        said = busctl(name, each_bus, *own, "su", NAME, "0")
        assert said.returncode != 0 and "denied" in said.stderr.lower(), (name, said)


def test_signals_are_for_those_who_may_look(
    people: People, open_folder: Path, start_on_bus: Any
) -> None:
    for bus in run_bus(open_folder, "dbus-daemon", SYSTEM):
        start_on_bus(bus, user="hsv")
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
