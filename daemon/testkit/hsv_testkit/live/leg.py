# SPDX-License-Identifier: MIT OR Apache-2.0
"""One UDP port of a viewer: picture or sound with their RTCP, received on a thread of its own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .. import stamps
from . import rtcp
from .control import AudioSelection, SetupAnswer, SetupRequest, SrtpParameters, VideoSelection
from .rtp import Reception, RtpError, RtpPacket, is_rtcp
from .srtp import Context, SrtpRefused, SrtpReplayed

CNAME = b"viewer@testkit"
Address = tuple[str, int]
OnPacket = Callable[[RtpPacket, int], None]


@dataclass(frozen=True)
class Contract:
    """What was agreed on for one leg."""

    remote: Address
    inbound: SrtpParameters
    outbound: SrtpParameters
    their_ssrc: int
    own_ssrc: int
    payload_type: int
    clock: int
    interval: float
    mtu: int | None
    on_packet: OnPacket = field(repr=False)
    """Called on the leg's thread with each new packet and its extended sequence number."""

    @classmethod
    def of_video(
        cls, request: SetupRequest, answer: SetupAnswer, chosen: VideoSelection, on_packet: OnPacket
    ) -> Contract:
        assert answer.endpoint is not None and answer.video is not None
        return cls(
            (answer.endpoint.address, answer.endpoint.video_port),
            answer.video,
            request.video,
            answer.video_ssrc,
            chosen.ssrc,
            chosen.payload_type,
            90_000,
            chosen.interval_s,
            chosen.mtu,
            on_packet,
        )

    @classmethod
    def of_audio(
        cls, request: SetupRequest, answer: SetupAnswer, chosen: AudioSelection, on_packet: OnPacket
    ) -> Contract:
        assert answer.endpoint is not None and answer.audio is not None
        return cls(
            (answer.endpoint.address, answer.endpoint.audio_port),
            answer.audio,
            request.audio,
            answer.audio_ssrc,
            chosen.ssrc,
            chosen.payload_type,
            chosen.hz,
            chosen.interval_s,
            None,
            on_packet,
        )


class Leg:
    """Bound before the set-up, because its port is part of it; receives from `open` to `close`."""

    def __init__(self, host: str) -> None:
        info = socket.getaddrinfo(host, 0, type=socket.SOCK_DGRAM)[0]
        self.socket = socket.socket(info[0], socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        stamps.ask_for(self.socket)
        self.socket.bind(info[4])
        self.socket.settimeout(0.05)
        self._scope = self.socket.getsockname()[3] if info[0] == socket.AF_INET6 else 0
        self.problems: list[str] = []
        self.reports: list[rtcp.Received] = []
        self.last_arrived = 0.0
        self.datagrams = 0
        self.repeated = 0
        """Packets that came before: a camera repeats IDRs where packets are lost."""
        self.news = threading.Condition()
        self.muted = threading.Event()
        """Set: neither reports nor anything else is sent."""
        self._contract: Contract | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._sending = threading.Lock()
        self._fir = 0
        self.reception = Reception(90_000)

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    @property
    def contract(self) -> Contract:
        assert self._contract is not None, "not started"
        return self._contract

    def open(self, contract: Contract) -> None:
        self._contract = contract
        self._inbound = Context(contract.inbound, inbound=True)
        self._outbound = Context(contract.outbound, inbound=False)
        self.reception = Reception(contract.clock)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5)
        self.socket.close()

    def __enter__(self) -> Leg:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Receiving

    def _run(self) -> None:
        due = time.monotonic() + min(0.1, self.contract.interval)
        while not self._stop.is_set():
            try:
                data, ancillary, _, source = self.socket.recvmsg(2048, 128)
            except (TimeoutError, ConnectionRefusedError):
                pass
            except OSError:
                return
            else:
                self._take(data, stamps.of(ancillary), source)
            if time.monotonic() >= due:
                due = time.monotonic() + (self.contract.interval or 0.5)
                self.report()

    def _take(self, data: bytes, arrived: float, source: Address) -> None:
        contract = self.contract
        self.last_arrived = arrived
        self.datagrams += 1
        if source[:2] != contract.remote[:2]:
            self.problems.append(f"a datagram from {source[:2]}, not from {contract.remote[:2]}")
            return
        if len(data) > (contract.mtu or 1378):
            self.problems.append(f"a datagram of {len(data)} bytes for an MTU of {contract.mtu}")
        try:
            if is_rtcp(data):
                self._control(self._inbound.unprotect_rtcp(data), arrived)
                return
            packet = RtpPacket.parse(self._inbound.unprotect(data), arrived, len(data))
        except SrtpReplayed:
            self.repeated += 1
            return
        except (RtpError, SrtpRefused, rtcp.RtcpError) as error:
            self.problems.append(f"{len(data)} bytes, {data[:16].hex()}: {error}")
            return
        if (packet.ssrc, packet.payload_type) != (contract.their_ssrc, contract.payload_type):
            self.problems.append(f"SSRC {packet.ssrc:08x}, payload type {packet.payload_type}")
        sequence = self.reception.push(packet)
        if sequence is not None:
            contract.on_packet(packet, sequence)
        with self.news:
            self.news.notify_all()

    def _control(self, data: bytes, arrived: float) -> None:
        found = rtcp.parse(data, arrived, self.datagrams)
        wrong = [hex(item.ssrc) for item in found if item.ssrc != self.contract.their_ssrc]
        if wrong:
            self.problems.append(f"RTCP of {wrong}")
        with self.news:
            self.reports += found
            self.news.notify_all()

    def sender_reports(self) -> list[tuple[rtcp.Report, float]]:
        """Each with the moment it arrived."""
        with self.news:
            return [(item.report(), item.arrived) for item in self.reports if item.kind == rtcp.SR]

    def feedback(self, kind: int, count: int) -> list[rtcp.Received]:
        """Answers of one type that came so far."""
        with self.news:
            return [item for item in self.reports if (item.kind, item.count) == (kind, count)]

    def wait(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        """Waits until something that arrived makes `condition` true."""
        deadline = time.monotonic() + timeout
        with self.news:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"no {what} within {timeout} s")
                self.news.wait(min(left, 0.1))

    # Sending

    def send_datagram(self, data: bytes) -> None:
        """Whatever it is, from our port to the camera's, where that is of our version of IP."""
        host, port = self.contract.remote[:2]
        is_v6 = ":" in host
        if self.muted.is_set() or is_v6 != (self.socket.family == socket.AF_INET6):
            return
        self.socket.sendto(data, (host, port, 0, self._scope) if is_v6 else (host, port))

    def send_compound(self, *more: bytes) -> bytes:
        """A receiver report, our name and `more`; the datagram as it was sent."""
        contract = self.contract
        reports = self.sender_reports()
        middle, delay = 0, 0.0
        if reports:
            middle, delay = reports[-1][0].middle, max(0.0, time.time() - reports[-1][1])
        block = b""
        with self._sending:
            if self.reception.received:
                block = self.reception.block(contract.their_ssrc, middle, delay)
            compound = rtcp.receiver_report(contract.own_ssrc, block)
            compound += rtcp.source_description(contract.own_ssrc, CNAME) + b"".join(more)
            datagram = self._outbound.protect_rtcp(compound)
        self.send_datagram(datagram)
        return datagram

    def send_rtp(self, packet: RtpPacket) -> bytes:
        with self._sending:
            datagram = self._outbound.protect(packet.encode())
        self.send_datagram(datagram)
        return datagram

    def report(self) -> None:
        self.send_compound()

    def pli(self) -> None:
        self.send_compound(rtcp.pli(self.contract.own_ssrc, self.contract.their_ssrc))

    def fir(self, is_repeat: bool = False) -> None:
        self._fir = (self._fir + (not is_repeat)) & 0xFF
        own, their = self.contract.own_ssrc, self.contract.their_ssrc
        self.send_compound(rtcp.fir(own, their, self._fir))

    def tmmbr(self, bps: int) -> None:
        self.send_compound(rtcp.tmmbr(self.contract.own_ssrc, self.contract.their_ssrc, bps))

    def tstr(self, sequence: int, index: int) -> None:
        own, their = self.contract.own_ssrc, self.contract.their_ssrc
        self.send_compound(rtcp.tstr(own, their, sequence, index))

    def bye(self) -> None:
        self.send_compound(rtcp.bye(self.contract.own_ssrc))
