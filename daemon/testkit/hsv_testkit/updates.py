# SPDX-License-Identifier: MIT OR Apache-2.0
"""hsv-update on a machine that is none: RAUC and systemd as they are seen on the bus, a bootloader
by the rules of our boot script, two systems, and a power supply that can be cut.

What is real here: hsv-update, the bus, and the camera if a test starts one. RAUC's own checks and
a real bootloader are in the appliance's tests.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    new_error,
    new_method_call,
    new_method_return,
)
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from hsv_testkit.accessory import camera_binary
from hsv_testkit.bus import Bus, wait_for

COMPATIBLE = "hsv-qemu-virt"
GOOD, TRIES = 16, 3
SLOTS = ("A", "B")
PROOF_S, PATIENCE_S = 2, 9
Variant = tuple[str, Any]


@dataclass
class Bundle:
    """What RAUC would say of a bundle."""

    version: str = "1.1.0"
    compatible: str = COMPATIBLE
    schema: str | None = "1"
    format: str = "verity"
    signature: str = ""
    """Why it is not to be trusted."""
    damage: str = ""
    """What is found only while it is installed."""
    hash: str = "00ff"
    offer: dict[str, str] = field(default_factory=dict)
    """What its publisher says to cameras that look by themselves."""
    seconds: float = 0.3


@dataclass
class Disk:
    """What outlives a cut."""

    version: dict[str, str] = field(default_factory=lambda: {"A": "1.0.0", "B": "1.0.0"})
    order: list[str] = field(default_factory=lambda: ["A", "B"])
    left: dict[str, int] = field(default_factory=lambda: {"A": GOOD, "B": GOOD})
    is_whole: dict[str, bool] = field(default_factory=lambda: {"A": True, "B": True})

    def boot(self) -> str:
        """The slot that our boot script starts."""
        for slot in self.order:
            if self.left[slot] > 0:
                self.left[slot] -= 1
                return slot
        first = self.order[0]
        self.order.reverse()
        return f"{first} last-resort"


class Machine:
    """One camera's body; `systems` says of each version whether it starts and whether it works."""

    def __init__(self, work: Path, bus: Bus) -> None:
        self.work, self.bus = work, bus
        self.disk = Disk()
        self.bundles: dict[str, Bundle] = {}
        self.slot = ""
        self.wants_reboot = threading.Event()
        self.unit_state = "active"
        self.restarts = 0
        self.is_deaf = False
        """RAUC cannot write what its bootloader reads."""
        self.rauc_calls: list[str] = []
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._job: tuple[float, Bundle] | None = None
        self._last_error = ""
        self._connection: DBusConnection | None = None
        self.log = work / "hsv-update.log"
        (work / "state").mkdir()

    # --- power

    def start(self) -> str:
        """What the bootloader starts; its version."""
        self.stop()
        self.wants_reboot.clear()
        booted = self.disk.boot()
        self.slot, _, resort = booted.partition(" ")
        assert self.disk.is_whole[self.slot], f"slot {self.slot} was started half written"
        self._job, self._last_error = None, ""
        line = f"ro rauc.slot={self.slot}" + (f" hsv.boot={resort}" if resort else "")
        (self.work / "cmdline").write_text(line)
        version = self.disk.version[self.slot]
        text = f"IMAGE_ID={COMPATIBLE}\nIMAGE_VERSION={version}\n"
        (self.work / "os-release").write_text(text)
        self._serve()
        return version

    def run(self, *more: str) -> None:
        """Starts hsv-update in the system that was started."""
        program = camera_binary().with_name("hsv-update")
        command = [str(program), "--bus", self.bus.address]
        command += ["--state-dir", str(self.work / "state")]
        command += ["--hooks", str(self.work / "update.d")]
        command += ["--command-line", str(self.work / "cmdline")]
        command += ["--os-release", str(self.work / "os-release")]
        command += ["--settings", str(self.work / "update.toml")]
        command += ["--machine-id", str(self.work / "machine-id")]
        command += ["--proof", str(PROOF_S), "--patience", str(PATIENCE_S), *more]
        with self.log.open("a") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, text=True)

    def boot(self) -> str:
        version = self.start()
        self.run()
        return version

    def stop(self) -> None:
        """As when the plug is pulled."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None
        with self._lock:
            if self._job is not None:
                self.disk.is_whole[self._other()] = False
            self._job = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def memory(self) -> dict[str, Any]:
        file = self.work / "state" / "updates.json"
        return json.loads(file.read_text()) if file.exists() else {"trial": None, "past": []}

    def wait_reboot(self, seconds: float = 30) -> None:
        assert self.wants_reboot.wait(seconds), self.log.read_text()[-3000:]

    def _other(self) -> str:
        return SLOTS[1 - SLOTS.index(self.slot)]

    # --- the bus

    def _serve(self) -> None:
        self._connection = connection = open_dbus_connection(self.bus.address)
        ask = "org.freedesktop.DBus"
        for name in ("de.pengutronix.rauc", "org.freedesktop.systemd1"):
            address = DBusAddress("/org/freedesktop/DBus", ask, ask)
            # 4: whoever was cut may still have it for a moment
            wait_for(
                name,
                lambda address=address, name=name: (
                    connection.send_and_get_reply(  # type: ignore[misc]
                        new_method_call(address, "RequestName", "su", (name, 4)), timeout=10
                    ).body[0]
                    in (1, 4)
                ),
            )
        threading.Thread(target=self._listen, args=(connection,), daemon=True).start()

    def _listen(self, connection: DBusConnection) -> None:
        while self._connection is connection:
            try:
                message = connection.receive(timeout=0.2)
            except TimeoutError:
                continue
            except (OSError, ConnectionError, ValueError):
                return
            if message.header.message_type != MessageType.method_call:
                continue
            try:
                connection.send(self._answer(message))
            except (OSError, ConnectionError, ValueError):
                return

    def _answer(self, message: Message) -> Message:
        member = message.header.fields[HeaderFields.member]
        interface = message.header.fields.get(HeaderFields.interface, "")
        handlers: dict[str, Callable[..., tuple[str, tuple[Any, ...]]]] = {
            "InspectBundle": self._inspect,
            "InstallBundle": self._install,
            "Mark": self._mark,
            "GetSlotStatus": self._slot_status,
            "GetPrimary": lambda: ("s", (f"root.{SLOTS.index(self.next_slot())}",)),
            "Get": self._get,
            "GetUnit": lambda _name: ("o", ("/unit",)),
            "Reboot": self._reboot,
        }
        if interface.endswith("Installer"):
            self.rauc_calls.append(" ".join([member, *(str(one) for one in message.body)]))
        try:
            with self._lock:
                return new_method_return(message, *handlers[member](*message.body))
        except LookupError as error:
            return new_error(message, "org.gtk.GDBus.UnmappedGError", "s", (str(error),))

    def _inspect(self, source: str, _args: object) -> tuple[str, tuple[Any, ...]]:
        bundle = self.bundles.get(source)
        if bundle is None:
            raise LookupError(f"failed to open file {source}")
        if bundle.signature:
            raise LookupError(bundle.signature)
        update = {"compatible": ("s", bundle.compatible), "version": ("s", bundle.version)}
        schema = {} if bundle.schema is None else {"state-schema": bundle.schema}
        meta = {"hsv": {**schema, **bundle.offer}}
        told: dict[str, Variant] = {
            "manifest-hash": ("s", bundle.hash),
            # as RAUC has them: in two boxes
            "update": ("v", ("a{sv}", update)),
            "bundle": ("v", ("a{sv}", {"format": ("s", bundle.format)})),
            "meta": ("a{sa{ss}}", meta),
        }
        return "a{sv}", (told,)

    def _install(self, source: str, args: dict[str, Variant]) -> tuple[str, tuple[Any, ...]]:
        bundle = self.bundles[source]
        if args["require-manifest-hash"][1] != bundle.hash:
            raise LookupError("manifest hash does not match")
        other = self._other()
        self.disk.is_whole[other] = False
        self.disk.left[other] = 0
        self._last_error = ""
        self._job = (time.monotonic(), bundle)
        return "", ()

    def _advance(self) -> tuple[str, int]:
        """Operation and percent."""
        if self._job is None:
            return "idle", 100
        begun, bundle = self._job
        done = (time.monotonic() - begun) / bundle.seconds
        if done < 1:
            return "installing", int(100 * done)
        other = self._other()
        if bundle.damage:
            self._last_error = bundle.damage
        else:
            self.disk.version[other] = bundle.version
            self.disk.is_whole[other] = True
            self._activate(other)
        self._job = None
        return "idle", 100

    def _activate(self, slot: str) -> None:
        self.disk.order = [slot, *(one for one in SLOTS if one != slot)]
        self.disk.left[slot] = TRIES

    def next_slot(self) -> str:
        """What a start now would be one of."""
        return next((slot for slot in self.disk.order if self.disk.left[slot] > 0), "A")

    def _mark(self, state: str, which: str) -> tuple[str, tuple[Any, ...]]:
        if self.is_deaf:
            raise LookupError("failed to run fw_setenv")
        slot = self.slot if which == "booted" else self._other()
        match state:
            case "good":
                self.disk.left[slot] = GOOD
            case "bad":
                self.disk.left[slot] = 0
            case "active":
                self._activate(slot)
        return "ss", (f"root.{SLOTS.index(slot)}", f"marked {slot} {state}")

    def _slot_status(self) -> tuple[str, tuple[Any, ...]]:
        def status(slot: str) -> dict[str, Variant]:
            state = "good" if self.disk.left[slot] > 0 else "bad"
            return {"bootname": ("s", slot), "boot-status": ("s", state)}

        return "a(sa{sv})", ([(f"root.{at}", status(slot)) for at, slot in enumerate(SLOTS)],)

    def _get(self, _interface: str, name: str) -> tuple[str, tuple[Any, ...]]:
        operation, percent = self._advance()
        values: dict[str, Variant] = {
            "Compatible": ("s", COMPATIBLE),
            "Operation": ("s", operation),
            "LastError": ("s", self._last_error),
            "Progress": ("(isi)", (percent, "Copying", 1)),
            "ActiveState": ("s", self.unit_state),
            "NRestarts": ("u", self.restarts),
        }
        return "v", (values[name],)

    def _reboot(self) -> tuple[str, tuple[Any, ...]]:
        self.wants_reboot.set()
        return "", ()
