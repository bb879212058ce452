# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the camera announces by mDNS, as python-zeroconf sees it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from queue import Empty, Queue

import pytest
from conftest import pair
from zeroconf import ServiceBrowser, ServiceInfo, ServiceListener, Zeroconf

from hsv_testkit.accessory import Accessory

KIND = "_hap._tcp.local."
PROBE = "_hsvprobe._tcp.local."
Record = dict[str, str]


class Watch(ServiceListener):
    """Reads the TXT records of one service type, each time one appears or changes."""

    def __init__(self, network: Zeroconf, kind: str) -> None:
        self._network = network
        self._news: Queue[tuple[str, str]] = Queue()
        self._browser = ServiceBrowser(network, kind, self)

    def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        self._news.put((type_, name))

    update_service = add_service

    def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        pass

    def wait(self, port: int, accept: Callable[[Record], bool], timeout: float) -> Record:
        deadline = time.monotonic() + timeout
        seen: list[Record] = []
        while (left := deadline - time.monotonic()) > 0:
            try:
                kind, name = self._news.get(timeout=left)
            except Empty:
                break
            info = self._network.get_service_info(kind, name)
            if info is None or info.port != port:
                continue
            seen.append({key: value or "" for key, value in info.decoded_properties.items()})
            if accept(seen[-1]):
                return seen[-1]
        raise AssertionError(f"port {port}: no such record in {timeout} s among {seen}")


def ask(port: int) -> Record:
    """The record as a client that knows nothing yet finds it."""
    network = Zeroconf()
    try:
        return Watch(network, KIND).wait(port, lambda _: True, 10)
    finally:
        network.close()


def ask_until(port: int, status_flags: str) -> None:
    """Asks afresh until `sf` is this; a few seconds after the change it must be."""
    deadline = time.monotonic() + 5
    while (found := ask(port)["sf"]) != status_flags:
        assert time.monotonic() < deadline, f"sf is still {found}"


@pytest.fixture(autouse=True)
def network() -> Iterator[Zeroconf]:
    """Skips where mDNS cannot work: one client must find a service of another."""
    network, other = Zeroconf(), Zeroconf()
    try:
        probe = ServiceInfo(PROBE, f"p.{PROBE}", 9, parsed_addresses=["127.0.0.1"])
        other.register_service(probe)
        try:
            Watch(network, PROBE).wait(9, lambda _: True, 5)
        except AssertionError:
            pytest.skip("no multicast between two programs on this machine")
        yield network
    finally:
        other.close()
        network.close()


def test_the_record_tells_the_truth(start_camera: Callable[..., Accessory]) -> None:
    camera = start_camera({"hap": {"advertise": True, "bind": "0.0.0.0"}})
    texts = ask(camera.port)
    assert (texts["pv"], texts["s#"], texts["ff"]) == ("1.1", "1", "0")
    assert (texts["ci"], texts["sf"]) == ("17", "1")
    assert 1 <= int(texts["c#"]) <= 65535 and texts["md"]
    assert re.fullmatch(r"([0-9A-F]{2}:){5}[0-9A-F]{2}", texts["id"])
    assert re.fullmatch(r"[A-Za-z0-9+/]{6}==", texts["sh"])

    home = pair(camera)
    assert home.pairing.accessory_id == texts["id"]
    ask_until(camera.port, "0")
    home.session.remove_own_pairing()
    ask_until(camera.port, "1")
    home.forget_sessions()


def test_the_record_survives_a_power_cycle(start_camera: Callable[..., Accessory]) -> None:
    camera = start_camera({"hap": {"advertise": True, "bind": "0.0.0.0"}})
    before = ask(camera.port)
    camera.restart()
    assert ask(camera.port) == before, "c# changes with the database only"
