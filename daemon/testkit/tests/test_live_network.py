# SPDX-License-Identifier: MIT OR Apache-2.0
"""Live view over bad networks, over IPv6, and from one interface among several."""

from __future__ import annotations

import ipaddress
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import dropwhile
from pathlib import Path

import pytest
from conftest import Home

from hsv_testkit.live import control, ffmpeg
from hsv_testkit.live.h264 import SPS
from hsv_testkit.live.namespaces import NotPossible, Wire, wire
from hsv_testkit.live.relay import Weather
from hsv_testkit.live.viewer import SetupRefused, Viewer
from hsv_testkit.session import WriteRefused

MakeHome = Callable[..., Home]
MakeViewer = Callable[..., Viewer]

WEATHERS = {
    "5% lost": Weather(loss=0.05),
    "20% lost": Weather(loss=0.20),
    "reordered": Weather(reorder=0.3, reorder_s=0.03),
    "doubled": Weather(duplicate=0.2),
    "200 ms": Weather(delay_s=0.2),
    "200 ms, uneven, 5% lost": Weather(loss=0.05, delay_s=0.2, jitter_s=0.05),
}


# What a lost or late packet makes of the rest of its picture.
CONSEQUENCES = ("without SPS and PPS", "without its beginning", "NAL types [] are no")


def faults(viewer: Viewer) -> list[str]:
    """What is wrong with the pictures that the network cannot have done."""
    problems, reception = viewer.pictures.problems, viewer.video.reception
    if not (reception.lost or reception.reordered):
        return problems
    return [p for p in problems if not any(of in p for of in CONSEQUENCES)]


def survives(viewer: Viewer, path: Path, seconds: float, loses: bool, delay_s: float) -> None:
    """Packets to the end, and pictures again within a second of each request."""
    time.sleep(seconds)
    assert viewer.status() == control.IN_USE
    assert viewer.video.last_arrived > time.time() - 1, "nothing comes any more"
    assert not faults(viewer), faults(viewer)[:5]
    assert not viewer.video.problems, viewer.video.problems[:5]
    limit = 1.0 + 2 * delay_s
    due = [asked for asked in viewer.asked if asked < time.time() - limit]
    repaired = viewer.pictures.repaired
    waits = [min((at - asked for at in repaired if at > asked), default=99.0) for asked in due]
    reception = viewer.video.reception
    print(
        f"{reception.lost} of {reception.expected} packets lost, {reception.reordered} late, "
        f"{viewer.pictures.count()} pictures; PLI to pictures again: "
        f"{', '.join(f'{wait * 1000:.0f}' for wait in waits) or 'none'} ms"
    )
    if loses:
        assert due, "nothing was lost"
        # the requests are lost as often as anything else
        quick = [wait for wait in waits if wait < limit]
        assert len(quick) >= len(due) * 0.9, waits
    else:
        assert (viewer.pictures.losses, viewer.pictures.undecodable) == (0, 0)
    # an IDR whose parameter sets were lost on the way cannot be decoded by anybody
    shown = list(dropwhile(lambda one: SPS not in one.types, viewer.pictures.since(0.0)))
    assert ffmpeg.decode(viewer.pictures.write(path, shown)) >= 1


# Weather is chance: a second try, told as RERUN.
BY_CHANCE = pytest.mark.flaky(reruns=1)


@BY_CHANCE
@pytest.mark.parametrize("name", WEATHERS)
@pytest.mark.usefixtures("ffmpeg")
def test_bad_weather(home: Home, make_viewer: MakeViewer, tmp_path: Path, name: str) -> None:
    weather = WEATHERS[name]
    viewer = make_viewer(home, weather=weather, asks_for_idr=True).watch()
    viewer.pictures.wait_more(1, 15)
    survives(viewer, tmp_path / "live.h264", 8, weather.loss > 0, weather.delay_s)
    viewer.end()
    assert viewer.status() == control.AVAILABLE


def test_a_lost_network_comes_back(home: Home, make_viewer: MakeViewer) -> None:
    """Five seconds without a packet in either direction end nothing."""
    viewer = make_viewer(home, weather=Weather(), asks_for_idr=True).watch()
    viewer.pictures.wait_more(10)
    for relay in viewer.relays:
        relay.weather = Weather(loss=1.0)
    time.sleep(5)
    for relay in viewer.relays:
        relay.weather = Weather()
    back = time.time()
    viewer.pictures.wait(lambda: bool(viewer.pictures.since(back)), 5, "picture")
    first = viewer.pictures.since(back)[0]
    print(f"pictures again after {first.last_arrived - back:.2f} s")
    assert first.is_idr and first.last_arrived - back < 2.0


# Network namespaces


@pytest.fixture
def cable() -> Iterator[Wire]:
    try:
        with wire() as made:
            yield made
    except NotPossible as error:
        pytest.skip(f"no network of its own for the camera: {error}")


@BY_CHANCE
@pytest.mark.parametrize(
    "netem",
    [
        ("loss", "5%"),
        ("loss", "20%"),
        ("delay", "30ms", "10ms", "reorder", "25%", "50%"),
        ("delay", "200ms"),
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("ffmpeg")
def test_netem(
    make_home: MakeHome,
    tmp_path: Path,
    cable: Wire,
    netem: tuple[str, ...],
) -> None:
    """The kernel's own bad network; TCP suffers too."""
    home = make_home(host=cable.camera_address, inside=cable.inside)
    here = Viewer(home.new_session(), 0, cable.our_address, asks_for_idr=True)
    with here:
        try:
            cable.be(*netem)
        except NotPossible as error:
            pytest.skip(str(error))
        here.watch()
        here.pictures.wait_more(1, 15)
        delay = 0.2 if "200ms" in netem else 0.03
        survives(here, tmp_path / "live.h264", 10, "loss" in netem, delay)


def test_the_answer_names_the_interface_of_the_connection(make_home: MakeHome, cable: Wire) -> None:
    """A camera that listens everywhere and has several addresses."""
    add = ["ip", "address", "add", "10.99.99.1/24", "dev", "lo"]
    subprocess.run([*cable.inside, *add], check=True)
    home = make_home({"hap": {"bind": "::"}}, host=cable.camera_address, inside=cable.inside)
    with Viewer(home.new_session(), 0, cable.our_address) as viewer:
        answer = viewer.set_up()
        assert answer.endpoint is not None
        assert answer.endpoint.address == cable.camera_address
        viewer.start()
        viewer.pictures.wait_more(5)
        viewer.check()


# IP versions


def test_ipv6(make_home: MakeHome, make_viewer: MakeViewer) -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    viewer = make_viewer(make_home(host="::1"))
    answer = viewer.set_up()
    assert answer.endpoint is not None and answer.endpoint.address == "::1"
    viewer.start()
    viewer.pictures.wait_more(30)
    viewer.sound.wait(20, 5)
    viewer.check()


def test_ipv4_on_a_socket_of_both_versions(make_home: MakeHome, make_viewer: MakeViewer) -> None:
    """Such a socket sees ::ffff:127.0.0.1; the answer has to say 127.0.0.1."""
    viewer = make_viewer(make_home({"hap": {"bind": "::"}}))
    answer = viewer.set_up()
    assert answer.endpoint is not None and answer.endpoint.address == "127.0.0.1"
    viewer.start()
    viewer.pictures.wait_more(10)
    viewer.check()


def link_local() -> str | None:
    """An address of this machine with its scope."""
    try:
        lines = Path("/proc/net/if_inet6").read_text().split("\n")
    except OSError:
        return None
    for line in lines:
        parts = line.split()
        if parts and parts[3] == "20" and int(parts[4], 16) & 0x40 == 0:
            return f"{ipaddress.IPv6Address(bytes.fromhex(parts[0]))}%{parts[5]}"
    return None


def test_link_local(make_home: MakeHome) -> None:
    """What Home uses in most houses; the scope is each side's own and is not told."""
    address = link_local()
    if address is None:
        pytest.skip("no interface with a link-local address")
    home = make_home({"hap": {"bind": "::"}}, host=address)
    with Viewer(home.new_session(), 0, address) as viewer:
        answer = viewer.set_up()
        assert answer.endpoint is not None
        assert answer.endpoint.address == address.split("%")[0]
        viewer.start()
        viewer.pictures.wait_more(10)
        viewer.check()


def test_the_answer_is_of_the_requests_ip_version(home: Home, make_viewer: MakeViewer) -> None:
    """Over a connection of the other version: an address of that kind, or a refusal."""
    viewer = make_viewer(home)
    viewer.advertised = control.Endpoint("::1", viewer.video.port, viewer.audio.port)
    try:
        answer = viewer.set_up()
    except (SetupRefused, WriteRefused) as error:
        print(f"refused: {error}")
    else:
        assert answer.endpoint is not None
        assert ipaddress.ip_address(answer.endpoint.address).version == 6
    other = make_viewer(home, service=1)
    other.watch().pictures.wait_more(1)


def test_ports_stay_in_the_range(make_home: MakeHome, make_viewer: MakeViewer) -> None:
    """The owner of a firewall can name the ports."""
    first = 40_000 + os.getpid() % 5000
    home = make_home({"live": {"port-range": f"{first}-{first + 19}"}})
    for service in range(2):
        answer = make_viewer(home, service).set_up()
        assert answer.endpoint is not None
        for port in (answer.endpoint.video_port, answer.endpoint.audio_port):
            assert first <= port <= first + 19, answer.endpoint
