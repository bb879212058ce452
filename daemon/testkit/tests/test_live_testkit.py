# SPDX-License-Identifier: MIT OR Apache-2.0
"""The viewer's own parts against published values and against ffmpeg, without a camera."""

from __future__ import annotations

import array
import itertools
import random
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hsv_testkit.live import control, ffmpeg, opus, rtcp
from hsv_testkit.live.control import AudioSelection, SrtpParameters, VideoSelection
from hsv_testkit.live.h264 import Depacketizer, Sps
from hsv_testkit.live.leg import Contract, Leg
from hsv_testkit.live.relay import Relay, Weather
from hsv_testkit.live.rtp import Counter, Reception, RtpPacket
from hsv_testkit.live.srtp import Context, SrtpRefused
from hsv_testkit.live.streams import PictureStream, SoundStream, fps

SESSION = bytes.fromhex("00112233445566778899aabbccddeeff")
START = (
    "0115011000112233445566778899aabbccddeeff020101023401010002090101010201020301"
    "00030b010200050202d00203011e041701016302041a90929f03022b0104040000003f05026205"
    "032c010103020c010101020100030102040114031601016e0204cf53b409030218000404000"
    "0a04006010d040100"
)


def test_control_writes_what_iphones_write() -> None:
    video = VideoSelection(ssrc=0x9F92901A, level=2)
    audio = AudioSelection(ssrc=0x09B453CF)
    assert control.start(SESSION, video, audio).hex() == START
    change = VideoSelection(width=640, height=360, kbit=132)
    assert control.reconfigure(SESSION, change).hex() == (
        "0115020104011000112233445566778899aabbccddeeff"
        "0219030b010280020202680103011e040a03028400040400000000"
    )
    assert control.command(SESSION, control.END).hex() == f"01150201000110{SESSION.hex()}"


def test_srtp_matches_the_known_packet() -> None:
    key, salt = bytes(range(16)), bytes(range(0x80, 0x8E))
    plain = "80e30001000003e800123456000102030405060708090a0b0c0d0e0f10111213"
    sealed = "80e30001000003e8001234565268e21a9d3a4660c96a8af60c429c964b92e9188c4201f8047f938b606c"
    parameters = SrtpParameters(control.AES_128, key, salt)
    assert Context(parameters, inbound=False).protect(bytes.fromhex(plain)).hex() == sealed
    inbound = Context(parameters, inbound=True)
    assert inbound.unprotect(bytes.fromhex(sealed)).hex() == plain
    with pytest.raises(SrtpRefused, match="replay"):
        inbound.unprotect(bytes.fromhex(sealed))


def test_srtp_with_long_keys_is_aes_256_and_no_other() -> None:
    """The payload by AES-CM from `cryptography`, with the keys of RFC 6188's own example."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CTR

    key = bytes.fromhex("f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6")
    salt = bytes.fromhex("3b04803de51ee7c96423ab5b78d2")

    def derive(label: int, count: int) -> bytes:
        start = bytearray(salt + b"\0\0")
        start[7] ^= label
        return Cipher(AES(key), CTR(bytes(start))).encryptor().update(bytes(count))

    session_key, session_salt = derive(0, 32), derive(2, 14)
    packet = RtpPacket(False, 99, 5, 1000, 0xCAFEBABE, b"hello" * 20).encode()
    counter = bytearray(session_salt + b"\0\0")
    for at, byte in enumerate((0xCAFEBABE << 64 | 5 << 16).to_bytes(16, "big")):
        counter[at] ^= byte
    expected = Cipher(AES(session_key), CTR(bytes(counter))).encryptor().update(packet[12:])
    sealed = Context(SrtpParameters(control.AES_256, key, salt), inbound=False).protect(packet)
    assert sealed[12:-10] == expected
    opened = Context(SrtpParameters(control.AES_256, key, salt), inbound=True).unprotect(sealed)
    assert opened == packet


def test_counters_go_on_past_their_end() -> None:
    counter = Counter(16)
    seen = [counter.extend(value) for value in (65534, 65535, 1, 0, 2)]
    assert [value - seen[0] for value in seen] == [0, 1, 3, 2, 4]


def test_reception_counts_loss_and_order() -> None:
    reception = Reception(90_000)
    for sequence in (65534, 65535, 2, 1, 2):
        reception.push(RtpPacket(False, 99, sequence, 0, 1, b""))
    assert (reception.expected, reception.lost) == (5, 1)
    assert (reception.duplicates, reception.reordered) == (1, 1)
    block = reception.block(7, 0, 0.0)
    (found,) = rtcp.parse(rtcp.receiver_report(9, block) + rtcp.source_description(9, b"x"))[
        0
    ].blocks()
    assert found[0] == 7 and found[1] == (51 << 24 | 1)


def test_rtcp_forms() -> None:
    assert rtcp.pli(1, 2).hex() == "81ce00020000000100000002"
    assert rtcp.fir(1, 2, 3).hex() == "84ce000400000001000000000000000203000000"
    entry = rtcp.bandwidth(1_000_000, 40)
    assert (entry >> 9 & 0x1FFFF) << (entry >> 26) == 1_000_000 and entry & 0x1FF == 40
    whole = rtcp.sender_report(1, 2 << 32, 3, 4, 5) + rtcp.source_description(1, b"abc")
    report = rtcp.parse(whole)[0].report()
    assert (report.timestamp, report.packets, report.octets) == (3, 4, 5)
    for length in range(1, len(whole)):
        with pytest.raises(rtcp.RtcpError):
            rtcp.parse(whole[:length])


def packets(payloads: list[bytes], timestamp: int = 0, first: int = 0) -> list[RtpPacket]:
    last = len(payloads) - 1
    return [
        RtpPacket(n == last, 99, first + n, timestamp, 1, payload)
        for n, payload in enumerate(payloads)
    ]


IDR_PICTURE = [b"\x78\0\x02\x67\x42\0\x02\x68\xce", b"\x7c\x85ab", b"\x7c\x05cd", b"\x7c\x45ef"]


def test_a_stream_whose_first_packet_is_overtaken_loses_nothing() -> None:
    sets = b"\x78" + b"".join(len(nal).to_bytes(2, "big") + nal for nal in (b"\x67a", b"\x68b"))
    first, second = packets([sets, b"\x65c"], 0)
    (third,) = packets([b"\x41d"], 3000, 2)
    pictures = PictureStream()
    for packet in (second, first, third):
        pictures.push(packet, packet.sequence)
    assert [picture.is_idr for picture in pictures.pictures] == [True, False]
    assert (pictures.undecodable, pictures.losses, pictures.problems) == (0, 0, [])


def test_depacketizer_joins_what_was_cut() -> None:
    depacketizer = Depacketizer()
    made = [depacketizer.push(packet, packet.sequence) for packet in packets(IDR_PICTURE)]
    assert made[:-1] == [None] * 3 and made[-1] is not None
    assert made[-1].nals == [b"\x67\x42", b"\x68\xce", b"\x65abcdef"]
    assert not depacketizer.problems


BROKEN = {
    "no parameter sets": IDR_PICTURE[1:],
    "apart": [b"\x67\x42", b"\x68\xce", *IDR_PICTURE[1:]],
    "unfinished": IDR_PICTURE[:-1],
    "no beginning": [IDR_PICTURE[0], *IDR_PICTURE[2:]],
    "short aggregate": [b"\x78\0\x09\x67\x42", *IDR_PICTURE[1:]],
    "wrong nri": [b"\x18\0\x02\x67\x42\0\x02\x68\xce", *IDR_PICTURE[1:]],
    "mode 2": [b"\x7d" + b"x" * 9, *IDR_PICTURE],
    "both flags": [IDR_PICTURE[0], b"\x7c\xc5ab"],
}


@pytest.mark.parametrize("name", BROKEN)
def test_depacketizer_sees_broken_rules(name: str) -> None:
    depacketizer = Depacketizer()
    for packet in packets(BROKEN[name]):
        depacketizer.push(packet, packet.sequence)
    assert depacketizer.problems


def test_depacketizer_sees_a_missing_marker_and_a_clock_that_stands() -> None:
    slices = [b"\x41ab"]
    for stamps in ((0, 0), (3000, 0)):
        depacketizer = Depacketizer()
        for packet in itertools.chain(*(packets(slices, stamp) for stamp in stamps)):
            depacketizer.push(packet, 0)
        assert depacketizer.problems, stamps
    depacketizer = Depacketizer()
    for packet in (*packets(IDR_PICTURE)[:-1], *packets(slices, 3000)):
        depacketizer.push(packet, 0)
    assert any("marker" in problem for problem in depacketizer.problems)


def test_sps_with_cropping() -> None:
    sps = bytes.fromhex("67640028acd940780227e5c044000003000400000300f03c60c658")
    assert Sps.parse(sps) == Sps(100, 40, 1920, 1080)


def test_opus_keeps_a_tone() -> None:
    encoder, decoder = opus.Encoder(24_000), opus.Decoder(24_000)
    sound = opus.tone(24_000, 440, 1.0)
    out = array.array("h")
    for at in range(0, len(sound), 480):
        packet = encoder.encode(sound[at : at + 480])
        assert decoder.samples(packet) == 480
        out += decoder.decode(packet)
    heard, other = (opus.strength(out[4800:], 24_000, pitch) for pitch in (440, 1000))
    assert 0.2 < heard < 0.4 and other < 0.02, (heard, other)


@pytest.fixture
def relay() -> Iterator[tuple[Relay, socket.socket, socket.socket]]:
    with socket.socket(type=socket.SOCK_DGRAM) as camera:
        with socket.socket(type=socket.SOCK_DGRAM) as viewer:
            for one in (camera, viewer):
                one.bind(("127.0.0.1", 0))
                one.settimeout(0.3)
            made = Relay(viewer.getsockname(), random.Random(1), Weather(loss=0.2, delay_s=0.1))
            made.expect(camera.getsockname())
            yield made, camera, viewer
            made.close()


def test_the_bad_network_loses_and_delays(
    relay: tuple[Relay, socket.socket, socket.socket],
) -> None:
    between, camera, viewer = relay
    begun = time.monotonic()
    for number in range(500):
        camera.sendto(number.to_bytes(2, "big"), ("127.0.0.1", between.outer_port))
        if number % 10 == 0:
            time.sleep(0.002)  # no socket's memory shall decide what is lost
    viewer.recv(10)
    assert time.monotonic() - begun >= 0.1
    count = 1
    while True:
        try:
            viewer.recv(10)
            count += 1
        except TimeoutError:
            break
    assert 350 < count < 450, f"{count} of 500 with a fifth lost"
    viewer.sendto(b"back", ("127.0.0.1", between.inner_port))
    viewer.sendto(b"back", ("127.0.0.1", between.inner_port))
    assert camera.recv(10) == b"back"


# ffmpeg as the camera

VIDEO = ["-f", "lavfi", "-i", "testsrc2=s=640x360:r=30"]
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30"]
X264 += ["-bsf:v", "dump_extra,filter_units=remove_types=6|9", "-x264-params", "slices=1"]
OPUS = ["-c:a", "libopus", "-frame_duration", "20", "-application", "voip", "-b:a", "24k"]


@pytest.fixture
def leg() -> Iterator[Leg]:
    with Leg("127.0.0.1") as made:
        yield made


def contract(keys: SrtpParameters, clock: int, on_packet: object) -> Contract:
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    remote = ("127.0.0.1", port)
    return Contract(remote, keys, keys, 7, 8, 99, clock, 0.5, 1378, on_packet)  # type: ignore[arg-type]


def stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.communicate(timeout=10)


@pytest.mark.usefixtures("ffmpeg")
def test_ffmpeg_as_sender_is_received_and_decoded(leg: Leg, tmp_path: Path) -> None:
    """ffmpeg does not send reports from the port of its pictures; a second leg takes them."""
    keys, pictures = SrtpParameters.fresh(), PictureStream()
    made, other = contract(keys, 90_000, pictures.push), contract(keys, 90_000, pictures.push)
    with Leg("127.0.0.1") as reports:
        leg.open(made)
        reports.open(other)
        ports = {"localrtpport": made.remote[1], "localrtcpport": other.remote[1]}
        options = {"rtcpport": reports.port, "pkt_size": 1378, "ssrc": 7, "payload_type": 99}
        options["cname"] = 1  # or its reports would not name their source
        process = ffmpeg.send(VIDEO, X264, keys, leg.port, **ports, **options)
        try:
            pictures.wait(lambda: len(pictures.pictures) >= 60, 20, "60 pictures")
            reports.wait(lambda: bool(reports.sender_reports()), 10, "sender report")
        finally:
            stop(process)
        # ffmpeg does not keep the rule about NRI
        broken = [problem for problem in pictures.problems if "NRI" not in problem]
        assert not leg.problems + reports.problems + broken
        report, arrived = reports.sender_reports()[-1]
    assert abs(report.ntp - arrived) < 1.0
    assert abs(fps(pictures.pictures) - 30) < 0.5
    sps = pictures.pictures[0].sps()
    assert (sps.width, sps.height) == (640, 360)
    path = pictures.write(tmp_path / "got.h264")
    assert ffmpeg.decode(path) == len(pictures.pictures)


@pytest.mark.usefixtures("ffmpeg")
def test_ffmpeg_as_sender_of_sound_is_heard(leg: Leg) -> None:
    keys, sound = SrtpParameters.fresh(), SoundStream(48_000, 20)
    made = contract(keys, 48_000, sound.push)
    leg.open(made)
    options = {"pkt_size": 1378, "ssrc": 7, "payload_type": 99}
    source = ["-f", "lavfi", "-i", "sine=f=440:r=48000"]
    process = ffmpeg.send(source, OPUS, keys, leg.port, localrtpport=made.remote[1], **options)
    try:
        sound.wait(60, 20)
    finally:
        stop(process)
    sound.problems.clear()  # ffmpeg marks every packet
    sound.check()
    heard = sound.decode()[9600:]
    assert opus.strength(heard, 48_000, 440) > 5 * opus.strength(heard, 48_000, 1000)
