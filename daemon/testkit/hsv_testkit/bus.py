# SPDX-License-Identifier: MIT OR Apache-2.0
"""A message bus of our own with the camera's policy, and people of several groups who call it."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from jeepney import DBusAddress, HeaderFields, MatchRule, MessageType, new_method_call
from jeepney.io.blocking import open_dbus_connection

from hsv_testkit.accessory import REPOSITORY, Accessory

NAME = "org.hsvcam.Camera"
PATH = "/org/hsvcam/Camera"
POLICY = REPOSITORY / "daemon/app/hsvd/dist/org.hsvcam.Camera.conf"
INTERFACES = REPOSITORY / "daemon/app/control/interfaces"
# As the system bus of a distribution: nothing may be called but what a service's policy allows.
SYSTEM = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><deny own="*"/><deny send_type="method_call"/>
<allow send_type="signal"/><allow send_requested_reply="true" send_type="method_return"/>
<allow send_requested_reply="true" send_type="error"/><allow receive_type="method_call"/>
<allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/>
<allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
</policy><include>{policy}</include></busconfig>
"""
# As a user's bus: everything is allowed.
SESSION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>
<allow receive_sender="*"/></policy></busconfig>
"""
# dbus-broker's launcher logs to a journal and has a systemd, on the system bus, activate services.
# In a mount namespace of its own it gets a socket of ours and a dbus-daemon without services.
BROKER = """
mount -t tmpfs none /run && mkdir -p /run/systemd/journal || exit 1
mount --bind "$1/journal" /run/systemd/journal || exit 1
rm -f "$1/helper"
dbus-daemon --config-file="$1/helper.conf" --nofork &
until [ -S "$1/helper" ]; do sleep 0.05; done
export DBUS_SYSTEM_BUS_ADDRESS="unix:path=$1/helper"
exec systemd-socket-activate -E DBUS_SYSTEM_BUS_ADDRESS -l "$1/bus" \
    dbus-broker-launch --scope system --config-file "$1/bus.conf"
"""
GROUPS = ("hsv", "hsv-admin")
PEOPLE = {"hsv": "hsv", "hsvt-look": "hsv", "hsvt-admin": "hsv-admin", "hsvt-nobody": None}


def wait_for(what: str, is_there: Callable[[], Any], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not is_there():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.02)


class People:
    """Users of this machine for the time of the tests."""

    def __init__(self) -> None:
        self._made: list[list[str]] = []
        for group in GROUPS:
            with suppress(KeyError):
                grp.getgrnam(group)
                continue
            self._make(["groupadd", "--system", group], ["groupdel", group])
        for name, group in PEOPLE.items():
            with suppress(KeyError):
                pwd.getpwnam(name)
                continue
            more = ["--gid", group] if group else ["--user-group"]
            make = ["useradd", "--system", "--no-create-home", *more, name]
            self._make(make, ["userdel", name])

    def _make(self, command: list[str], undo: list[str]) -> None:
        subprocess.run(command, check=True, capture_output=True)
        self._made.insert(0, undo)

    def remove(self) -> None:
        for undo in self._made:
            subprocess.run(undo, check=False, capture_output=True)

    @staticmethod
    def command(name: str) -> list[str]:
        """Words before a command that is to be theirs."""
        if name == "root":
            return []
        return ["setpriv", f"--reuid={name}", f"--regid={pwd.getpwnam(name).pw_gid}"] + [
            "--init-groups"
        ]


class Bus:
    """A dbus-daemon or dbus-broker that can be ended and started again."""

    def __init__(self, work: Path, program: str, template: str = SYSTEM) -> None:
        self.program, self._work = program, work
        self.socket = work / "bus"
        self.address = f"unix:path={self.socket}"
        self.config = work / "bus.conf"
        self.config.write_text(template.format(socket=self.socket, policy=POLICY))
        self.start()

    def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        if self.program == "dbus-daemon":
            command = ["dbus-daemon", f"--config-file={self.config}", "--nofork"]
        else:
            (self._work / "helper.conf").write_text(SESSION.format(socket=self._work / "helper"))
            self._listen_as_journal()
            command = ["unshare", "--mount", "sh", "-c", BROKER, "sh", str(self._work)]
        with (self._work / "bus.log").open("a") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True
            )
        wait_for("the bus's socket", self.socket.exists)
        self.socket.chmod(0o666)

    def _listen_as_journal(self) -> None:
        """What the launcher tells its journal is in the log."""
        folder = self._work / "journal"
        folder.mkdir(exist_ok=True)
        (folder / "socket").unlink(missing_ok=True)
        journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        journal.bind(str(folder / "socket"))

        def listen() -> None:
            while True:
                entry = journal.recv(1 << 16).decode(errors="replace")
                with (self._work / "bus.log").open("a") as log:
                    log.write(entry)

        threading.Thread(target=listen, daemon=True).start()

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)

    def log(self) -> str:
        return (self._work / "bus.log").read_text()


class CallError(Exception):
    """The call was answered with an error; `name` says which."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name}: {text}")
        self.name = name


class Caller:
    """A connection of this process; fast, and takes file descriptors."""

    def __init__(self, bus: Bus) -> None:
        self.connection = open_dbus_connection(bus.address, enable_fds=True)

    def close(self) -> None:
        self.connection.close()

    def address(self, interface: str) -> DBusAddress:
        return DBusAddress(PATH, bus_name=NAME, interface=interface)

    def call(
        self, interface: str, member: str, signature: str = "", *arguments: Any, timeout: float = 20
    ) -> Any:
        full = interface if "." in interface else f"{NAME.rsplit('.', 1)[0]}.{interface}"
        message = new_method_call(self.address(full), member, signature or None, arguments)
        reply = self.connection.send_and_get_reply(message, timeout=timeout)
        if reply.header.message_type == MessageType.error:
            text = str(reply.body[0]) if reply.body else ""
            raise CallError(reply.header.fields[HeaderFields.error_name], text)
        if len(reply.body) == 1:
            return reply.body[0]
        return reply.body or None

    def get(self, interface: str, name: str) -> Any:
        where = ("org.freedesktop.DBus.Properties", "Get")
        return self.call(*where, "ss", f"org.hsvcam.{interface}", name)[1]

    def set(self, interface: str, name: str, signature: str, value: Any) -> None:
        where = ("org.freedesktop.DBus.Properties", "Set")
        self.call(*where, "ssv", f"org.hsvcam.{interface}", name, (signature, value))

    @contextmanager
    def listening(self, member: str) -> Iterator[Callable[[float], Any]]:
        """Signals of this name from now on; the function waits for the next one's body."""
        rule = MatchRule(type="signal", sender=NAME, path=PATH, member=member)
        self.call_bus("AddMatch", "s", rule.serialise())
        # The bus puts the sender's unique name in the place of its well-known one
        mine = MatchRule(type="signal", path=PATH, member=member)
        with self.connection.filter(mine, bufsize=1000) as queue:
            yield lambda seconds: self.connection.recv_until_filtered(queue, timeout=seconds).body

    def call_bus(self, member: str, signature: str, *arguments: Any) -> None:
        bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
        message = new_method_call(bus, member, signature, arguments)
        reply = self.connection.send_and_get_reply(message, timeout=10)
        assert reply.header.message_type == MessageType.method_return, reply.body

    def records(self, interface: str, member: str) -> list[dict[str, Any]]:
        """An `aa{sv}` without its signatures."""
        answer = self.call(interface, member)
        return [{key: value[1] for key, value in one.items()} for one in answer]


def run_as(name: str, bus: Bus, *command: str) -> subprocess.CompletedProcess[str]:
    """A program of somebody; `ADDRESS` in its words is the bus's."""
    words = [word.replace("ADDRESS", bus.address) for word in command]
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    environment["DBUS_SYSTEM_BUS_ADDRESS"] = bus.address
    return subprocess.run(
        [*People.command(name), *words],
        capture_output=True,
        text=True,
        env=environment,
        timeout=30,
        check=False,
    )


def busctl(name: str, bus: Bus, *words: str) -> subprocess.CompletedProcess[str]:
    return run_as(name, bus, "busctl", "--address=ADDRESS", *words)


def missing_for_dbus_broker() -> str:
    """Why dbus-broker cannot run here; empty where it can."""
    for program in ("dbus-broker", "dbus-broker-launch", "systemd-socket-activate", "unshare"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    mount = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/run"]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        return "dbus-broker's launcher needs a /run of its own, and nobody may mount here"
    return ""


def refused(action: Callable[[], Any]) -> str:
    """The name of the error that a call is answered with."""
    try:
        action()
    except CallError as error:
        return error.name
    raise AssertionError("it was not refused")


def is_there(caller: Caller) -> bool:
    """The camera is on the bus."""
    try:
        caller.get("System1", "Version")
    except CallError:
        return False
    return True


def started(camera: Accessory) -> int:
    """How often the camera has begun."""
    return sum("hsvd listening" in line for line in camera.lines)
