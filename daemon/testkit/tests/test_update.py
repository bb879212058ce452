# SPDX-License-Identifier: MIT OR Apache-2.0
"""hsv-update beside a real camera, on a machine of stand-ins: what is refused, what is kept, what
comes back and with which reason, hooks, and power cuts at random moments."""

from __future__ import annotations

import json
import os
import random
import subprocess
import time
import xml.etree.ElementTree as xml
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from test_control import members

from hsv_testkit.accessory import Accessory, camera_binary
from hsv_testkit.bus import INTERFACES, Bus, wait_for
from hsv_testkit.updates import GOOD, PATIENCE_S, Bundle, Machine

CUTS = 40
FILE = "/data/update.raucb"


@pytest.fixture
def machine(bus: Bus, tmp_path: Path) -> Iterator[Machine]:
    work = tmp_path / "machine"
    work.mkdir()
    machine = Machine(work, bus)
    machine.bundles[FILE] = Bundle()
    yield machine
    machine.stop()
    said = machine.log.read_text() if machine.log.exists() else ""
    print(f"--- log of hsv-update\n{said}")
    assert "panicked" not in said


def hsvctl(bus: Bus, *words: str) -> tuple[int, Any]:
    """Its exit status and its JSON."""
    program = camera_binary().with_name("hsvctl")
    command = [str(program), "--bus", bus.address, "--json", "update", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return done.returncode, json.loads(done.stdout or done.stderr)


def standing(bus: Bus) -> dict[str, Any]:
    code, told = hsvctl(bus)
    return told if code == 0 else {"state": "", "fault": "", "text": "", "available": ""}


def wait_state(machine: Machine, state: str, seconds: float = 20) -> dict[str, Any]:
    wait_for(state, lambda: standing(machine.bus)["state"] == state, seconds)
    return standing(machine.bus)


def ask(
    machine: Machine, source: str = FILE, more: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """For an update at once; not by hsvctl, which wants a file that is there."""
    command = ["busctl", f"--address={machine.bus.address}", "call", "org.hsvcam.Update"]
    command += ["/org/hsvcam/Update", "org.hsvcam.Update1", "Install", "sa{sv}", source]
    return subprocess.run(
        [*command, str(1 + len(more) // 3), "now", "b", "true", *more],
        capture_output=True,
        text=True,
        timeout=60,
    )


def take(machine: Machine) -> None:
    assert (done := ask(machine)).returncode == 0, done


def install(machine: Machine) -> None:
    """Up to the reboot."""
    take(machine)
    machine.wait_reboot()


def refusal(machine: Machine, source: str = FILE) -> str:
    assert (done := ask(machine, source)).returncode != 0, done
    return done.stderr


def test_the_service_is_what_the_contract_says(machine: Machine) -> None:
    machine.boot()
    wait_state(machine, "idle")
    command = ["busctl", f"--address={machine.bus.address}", "introspect", "--xml-interface"]
    command += ["org.hsvcam.Update", "/org/hsvcam/Update"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = {i.get("name"): members(i) for i in xml.fromstring(done.stdout).findall("interface")}
    (promised,) = xml.parse(INTERFACES / "org.hsvcam.Update1.xml").getroot().findall("interface")
    assert told["org.hsvcam.Update1"] == members(promised)


def test_a_system_that_works_is_kept(
    bus: Bus, machine: Machine, start_on_bus: Callable[..., Accessory]
) -> None:
    camera = start_on_bus(bus)
    assert machine.boot() == "1.0.0"
    wait_state(machine, "idle")
    assert machine.disk.left == {"A": GOOD, "B": GOOD}, "a system that was kept has all tries"
    install(machine)
    assert machine.disk.order == ["B", "A"]
    assert machine.boot() == "1.1.0"
    wait_state(machine, "proving")
    assert hsvctl(bus, "rollback", "--yes")[0] == 1, "what is on trial decides for itself"
    told = wait_state(machine, "idle")
    assert (told["version"], told["slot"], told["fault"]) == ("1.1.0", "B", "")
    assert machine.disk.left["B"] == GOOD
    _, history = hsvctl(bus, "history")
    (past,) = history["updates"]
    assert (past["from_version"], past["to_version"], past["outcome"]) == ("1.0.0", "1.1.0", "kept")
    # and the owner may still go back
    assert hsvctl(bus, "rollback", "--yes")[0] == 0
    machine.wait_reboot()
    assert machine.boot() == "1.0.0"
    wait_state(machine, "idle")
    assert machine.disk.left["A"] == GOOD
    _, history = hsvctl(bus, "history")
    assert [past["to_version"] for past in history["updates"]] == ["1.0.0", "1.1.0"]
    assert camera.is_running()


@pytest.mark.parametrize(
    ("bundle", "words"),
    [
        (Bundle(signature="signature verification failed"), "signature verification failed"),
        (Bundle(compatible="hsv-rock-5b"), "for hsv-rock-5b, and this camera is hsv-qemu-virt"),
        (Bundle(version="0.9.0"), "older than 1.0.0"),
        (Bundle(version="1.0.0"), "installed already"),
        (Bundle(version="newest"), "not of the form x.y.z"),
        (Bundle(schema="2"), "reads no form after 1"),
        (Bundle(schema=None), "no way back"),
        (Bundle(schema="two"), "no way back"),
        (Bundle(format="plain"), "not of the format verity"),
        (None, "failed to open file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_taken_touches_nothing(
    machine: Machine, bundle: Bundle | None, words: str
) -> None:
    machine.bundles = {} if bundle is None else {FILE: bundle}
    machine.boot()
    wait_state(machine, "idle")
    assert words in refusal(machine)
    assert not [call for call in machine.rauc_calls if call.startswith("InstallBundle")]
    assert machine.disk.is_whole["B"]
    assert machine.memory()["trial"] is None


def test_only_places_of_bundles_are_asked_for(machine: Machine) -> None:
    machine.boot()
    wait_state(machine, "idle")
    for source in ("update.raucb", "ftp://example.org/x", "file:///x"):
        assert "whole path, or an http" in refusal(machine, source)
    assert not [call for call in machine.rauc_calls if call.startswith("Inspect")]


def test_a_bundle_that_is_exchanged_after_the_check_is_not_installed(machine: Machine) -> None:
    machine.boot()
    wait_state(machine, "idle")
    hook(machine, "pre-install", "sleep 1")
    take(machine)
    machine.bundles[FILE] = Bundle(hash="exchanged")
    wait_for("the end", lambda: "does not match" in standing(machine.bus)["text"])
    assert machine.disk.is_whole["B"]
    assert machine.memory()["past"][-1]["outcome"] == "not-installed"


def test_damage_that_shows_while_it_is_written_leaves_the_old_system(machine: Machine) -> None:
    machine.bundles[FILE] = Bundle(damage="Input/output error: verity")
    machine.boot()
    wait_state(machine, "idle")
    code, _ = hsvctl(machine.bus, "now")
    assert code == 1, "nothing waits"
    take(machine)
    wait_for("the end", lambda: "verity" in standing(machine.bus)["text"])
    assert machine.disk.order[0] == "A"
    assert machine.boot() == "1.0.0"


def hook(machine: Machine, stage: str, text: str) -> None:
    folder = machine.work / "update.d" / stage
    folder.mkdir(parents=True, exist_ok=True)
    (file := folder / "10-test").write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


def test_each_fault_comes_back_with_its_reason(
    bus: Bus, machine: Machine, start_on_bus: Callable[..., Accessory], tmp_path: Path
) -> None:
    """Without a camera; with one that was given up; with a hook that fails; one that never came."""
    no_camera = "the camera's program does not answer"
    table: list[tuple[str, str, str]] = [
        ("active", "exit 0", no_camera),
        ("failed", "exit 0", "ends again and again"),
        ("active", "exit 9", "hook first-boot/10-test ended with exit status: 9"),
    ]
    for state, text, reason in table:
        machine.unit_state = "active"
        machine.boot()
        wait_state(machine, "idle")
        install(machine)
        machine.unit_state = state
        hook(machine, "first-boot", text)
        assert machine.boot() == "1.1.0"
        machine.wait_reboot(PATIENCE_S + 15)
        assert machine.disk.left["B"] == 0
        assert machine.boot() == "1.0.0"
        told = wait_state(machine, "idle")
        assert reason in told["fault"], told
    install(machine)
    machine.disk.left["B"] = 0  # three starts without a sign of life
    assert machine.boot() == "1.0.0"
    told = wait_state(machine, "idle")
    assert "did not start" in told["fault"]
    # The camera tells it, until the owner has seen it
    camera = start_on_bus(bus)
    health = ["busctl", f"--address={bus.address}", "get-property", "org.hsvcam.Camera"]
    health += ["/org/hsvcam/Camera", "org.hsvcam.System1", "Health"]

    def is_told() -> bool:
        return "fault" in subprocess.run(health, capture_output=True, text=True).stdout

    wait_for("the camera's fault", is_told, 15)
    assert hsvctl(bus, "seen")[0] == 0
    wait_for("the end of the fault", lambda: not is_told(), 15)
    assert standing(bus)["fault"] == ""
    assert camera.is_running()
    _, history = hsvctl(bus, "history")
    assert [past["outcome"] for past in history["updates"]] == ["came-back"] * 4


def test_it_waits_while_a_hook_says_not_now(machine: Machine) -> None:
    hook(machine, "pre-install", "exit 75")
    machine.boot()
    wait_state(machine, "idle")
    take(machine)
    wait_for("the hook", lambda: "exit status: 75" in standing(machine.bus)["text"])
    assert standing(machine.bus)["state"] == "waiting"
    assert "under way" in refusal(machine)
    hook(machine, "pre-install", "exit 0")
    assert hsvctl(machine.bus, "now")[0] == 0
    machine.wait_reboot()


def test_without_a_good_system_the_last_one_stays_and_takes_a_bundle(machine: Machine) -> None:
    machine.boot()
    wait_state(machine, "idle")
    install(machine)
    machine.disk.left["A"] = 0
    hook(machine, "first-boot", "exit 1")
    assert machine.boot() == "1.1.0"
    told = wait_state(machine, "stranded")
    assert "no system is good" in told["text"]
    assert not machine.wants_reboot.is_set()
    machine.disk.left["B"] = 0
    machine.boot()
    wait_state(machine, "stranded")
    hook(machine, "first-boot", "exit 0")
    machine.bundles[FILE] = Bundle(version="1.2.0")
    install(machine)
    assert machine.boot() == "1.2.0"


def test_a_system_that_others_installed_must_prove_itself(machine: Machine) -> None:
    """As a fleet's updater does, or a hand: RAUC is asked past hsv-update."""
    machine.boot()
    wait_state(machine, "idle")
    machine.disk.version["B"] = "3.0.0"
    machine.disk.order, machine.disk.left["B"] = ["B", "A"], 3
    hook(machine, "first-boot", "exit 1")
    assert machine.boot() == "3.0.0"
    machine.wait_reboot()
    assert machine.disk.left["B"] == 0
    assert machine.boot() == "1.0.0"
    assert "3.0.0 came back" in wait_state(machine, "idle")["fault"]


def test_what_came_back_is_not_taken_once_more(machine: Machine) -> None:
    """As of a stick that stays in; by hand it may be."""
    machine.boot()
    wait_state(machine, "idle")
    hook(machine, "first-boot", "exit 1")
    install(machine)
    assert machine.boot() == "1.1.0"
    machine.wait_reboot()
    assert machine.boot() == "1.0.0"
    wait_state(machine, "idle")
    told = ask(machine, more=["once", "b", "true"])
    assert "was here before and was left" in told.stderr, told
    take(machine)


def test_a_try_that_the_power_took_is_made_good(machine: Machine) -> None:
    """As on a Raspberry Pi, which forgets what it was asked to try; twice, and then it is told."""
    machine.boot()
    wait_state(machine, "idle")
    install(machine)
    for _ in range(2):
        machine.disk.order = ["A", "B"]  # and B has tries left
        assert machine.boot() == "1.0.0"
        if machine.memory()["trial"]["asked"] < 2:
            wait_state(machine, "installed")
            assert hsvctl(machine.bus, "now")[0] == 0
            machine.wait_reboot()
    assert "did not start" in wait_state(machine, "idle")["fault"]


def test_a_bootloader_that_cannot_be_told_keeps_nothing(
    bus: Bus, machine: Machine, start_on_bus: Callable[..., Accessory]
) -> None:
    start_on_bus(bus)
    machine.boot()
    wait_state(machine, "idle")
    install(machine)
    machine.boot()
    wait_state(machine, "proving")
    machine.is_deaf = True
    machine.wait_reboot(60)
    machine.is_deaf = False
    machine.disk.left["B"] = 0
    machine.boot()
    assert "bootloader cannot be told" in wait_state(machine, "idle")["fault"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a medium that is protected")
def test_what_cannot_be_remembered_is_not_begun(machine: Machine) -> None:
    machine.boot()
    wait_state(machine, "idle")
    folder = machine.work / "state"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", folder], check=True)
    try:
        assert "nothing can be remembered" in refusal(machine)
    finally:
        subprocess.run(["umount", folder], check=True)
    assert machine.disk.is_whole["B"]


def test_a_memory_that_is_rubbish_has_the_system_prove_itself(machine: Machine) -> None:
    machine.boot()
    wait_state(machine, "idle")
    machine.stop()
    (machine.work / "state" / "updates.json").write_text("{")
    hook(machine, "first-boot", "exit 1")
    machine.boot()
    machine.wait_reboot()
    assert machine.disk.left["A"] == 0


PUBLISHED = "https://updates.example.org/qemu-virt.raucb"


@pytest.mark.slow
@pytest.mark.patient
def test_what_is_published_comes_by_itself_but_not_twice(machine: Machine) -> None:
    """It is looked at two minutes after a start."""
    (machine.work / "update.toml").write_text(f'url = "{PUBLISHED}"\n')
    machine.bundles[PUBLISHED] = Bundle(version="1.1.0", offer={"notes": "new", "staged": "0"})
    machine.boot()
    wait_state(machine, "idle")
    assert hsvctl(machine.bus, "check") == (0, {"version": "1.1.0"}), "by hand it may be asked for"
    wait_for("a look", lambda: standing(machine.bus)["available"] == "1.1.0", 150)
    assert standing(machine.bus)["notes"] == "new"
    assert standing(machine.bus)["state"] == "idle", "others go first"
    machine.bundles[PUBLISHED].offer["staged"] = "100"
    hook(machine, "first-boot", "exit 1")
    machine.boot()
    wait_state(machine, "waiting", 150)
    assert hsvctl(machine.bus, "now")[0] == 0
    machine.wait_reboot()
    assert machine.boot() == "1.1.0"
    machine.wait_reboot()
    assert machine.boot() == "1.0.0"
    wait_for("a look", lambda: standing(machine.bus)["available"] == "1.1.0", 150)
    time.sleep(3)
    assert standing(machine.bus)["state"] == "idle", "what came back is not installed by itself"
    assert "1.1.0 came back" in standing(machine.bus)["fault"]


def test_without_an_address_nothing_is_published(machine: Machine) -> None:
    machine.boot()
    wait_state(machine, "idle")
    code, told = hsvctl(machine.bus, "install")
    assert code == 1
    assert "no address of updates is set" in told["text"]
    (machine.work / "update.toml").write_text("url = 7\n")
    machine.boot()
    wait_state(machine, "idle")


def test_the_power_is_cut_anywhere(
    bus: Bus, machine: Machine, start_on_bus: Callable[..., Accessory]
) -> None:
    """A new version every time, half of them without a camera behind them; whatever is cut, a whole
    system starts, and in the end the newest one that works runs, or the one before."""
    seed = int(os.environ.get("HSV_SEED") or random.SystemRandom().getrandbits(32))
    print(f"HSV_SEED={seed}")
    rng = random.Random(seed)
    camera = start_on_bus(bus)
    newest, cuts = 0, 0
    moments: dict[str, int] = {}
    machine.boot()
    while cuts < CUTS:
        wait_for("hsv-update", lambda: standing(bus)["state"] != "", 20)
        if standing(bus)["state"] == "idle" and rng.random() < 0.8:
            newest += 1
            seconds = rng.choice([0.1, 0.5])
            machine.bundles[FILE] = Bundle(version=f"2.{newest}.0", seconds=seconds)
            hook(machine, "first-boot", "exit 1" if rng.random() < 0.3 else "exit 0")
            ask(machine)
        if machine.wants_reboot.wait(rng.uniform(0, 3)) and rng.random() < 0.7:
            machine.boot()
            continue
        state = standing(bus)["state"] or "starting"
        moments[state] = moments.get(state, 0) + 1
        machine.stop()
        cuts += 1
        version = machine.boot()
        assert version in (machine.disk.version["A"], machine.disk.version["B"])
    print(f"cut while: {moments}")
    assert len(moments) >= 3, moments
    # Left alone it comes to rest, and what rests was kept.
    hook(machine, "first-boot", "exit 0")
    deadline = time.monotonic() + 60
    while standing(bus)["state"] != "idle":
        assert time.monotonic() < deadline, standing(bus)
        if machine.wants_reboot.wait(0.5):
            machine.boot()
    assert machine.memory()["trial"] is None
    assert machine.disk.left[machine.slot] == GOOD
    assert machine.next_slot() == machine.slot
    kept = [past["to_version"] for past in machine.memory()["past"] if past["outcome"] == "kept"]
    running = standing(bus)["version"]
    assert running == "1.0.0" or running in kept
    assert camera.is_running()
