# SPDX-License-Identifier: MIT OR Apache-2.0
"""The images' firewall, loaded by the real nft in a network of its own and scanned from outside:
every port of TCP and UDP.

Nobody listens behind it, so what it lets in is refused by the kernel (RST, or ICMP's port
unreachable), and what it does not let in is never answered.
"""

from __future__ import annotations

import errno
import resource
import select
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hsv_testkit.live.namespaces import NotPossible, Wire, wire

RULES = Path(__file__).resolve().parents[3] / "board/common/root/usr/share/hsv/nftables.conf"
AT_ONCE = 4000
WAIT_S = 0.3
HAP, HDS, MDNS = 51826, 51827, 5353
RTP = range(50000, 50008)


def is_pinged(host: str) -> bool:
    echo = bytes([8, 0, 0xF7, 0xFF]) + bytes(4)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        raw.settimeout(2)
        raw.sendto(echo, (host, 0))
        try:
            return raw.recv(1500)[20] == 0
        except TimeoutError:
            return False


def answers(host: str, kind: socket.SocketKind, ports: range) -> set[int]:
    """The ports from which anything comes back."""
    found: set[int] = set()
    for begin in range(ports.start, ports.stop, AT_ONCE):
        waiting: dict[int, tuple[socket.socket, int]] = {}
        poll = select.epoll()
        for port in range(begin, min(begin + AT_ONCE, ports.stop)):
            door = socket.socket(socket.AF_INET, kind)
            door.setblocking(False)
            assert door.connect_ex((host, port)) in (0, errno.EINPROGRESS)
            if kind == socket.SOCK_DGRAM:
                door.send(b"hello")
            poll.register(door, select.EPOLLERR | select.EPOLLHUP)
            waiting[door.fileno()] = (door, port)
        until = time.monotonic() + WAIT_S
        while (left := until - time.monotonic()) > 0:
            for number, _ in poll.poll(left):
                poll.unregister(number)
                found.add(waiting[number][1])
        for door, _ in waiting.values():
            door.close()
        poll.close()
    return found


@pytest.fixture
def walled() -> Iterator[Wire]:
    try:
        with wire() as made:
            yield made
    except NotPossible as reason:
        pytest.skip(str(reason))


def test_only_what_homekit_needs_comes_in(walled: Wire) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2 * AT_ONCE + 200), hard))
    every = range(1, 1 << 16)
    host = walled.camera_address
    few = range(51820, 51830)
    assert answers(host, socket.SOCK_STREAM, few) == set(few), "without a firewall all are seen"
    unhurried = [*walled.inside, "sysctl", "-qw", "net.ipv4.icmp_ratelimit=0"]
    subprocess.run(unhurried, check=True)
    done = subprocess.run([*walled.inside, "nft", "-f", str(RULES)], capture_output=True, text=True)
    assert done.returncode == 0, done
    assert answers(host, socket.SOCK_STREAM, every) == {HAP, HDS}
    assert answers(host, socket.SOCK_DGRAM, every) == {MDNS, *RTP}
    assert is_pinged(host)
    forwarded = subprocess.run(
        [*walled.inside, "nft", "list", "chain", "inet", "hsv", "forward"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "policy drop" in forwarded.stdout and "accept" not in forwarded.stdout
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
