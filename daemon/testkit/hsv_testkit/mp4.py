# SPDX-License-Identifier: MIT OR Apache-2.0
"""A small reader of the MP4 boxes that a recording is made of."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

CONTAINERS = {"moov", "trak", "mdia", "minf", "stbl", "mvex", "moof", "traf", "dinf"}
NON_SYNC = 0x0001_0000
IDR, SPS, PPS = 5, 7, 8


class Mp4Error(ValueError):
    """The bytes are not the boxes they should be."""


@dataclass
class Box:
    kind: str
    start: int
    body: bytes
    children: list[Box] = field(default_factory=list)

    def find(self, *path: str) -> Box:
        box = self
        for kind in path:
            found = [child for child in box.children if child.kind == kind]
            if not found:
                raise Mp4Error(f"no {kind} in {box.kind}")
            box = found[0]
        return box

    def all(self, kind: str) -> list[Box]:
        return [child for child in self.children if child.kind == kind]


def boxes(data: bytes, base: int = 0) -> list[Box]:
    """The boxes of `data`, containers with their children; `start` counts from `base`."""
    found, at = [], 0
    while at < len(data):
        if at + 8 > len(data):
            raise Mp4Error(f"{len(data) - at} bytes left at {base + at}")
        size, kind = struct.unpack_from(">I4s", data, at)
        if not 8 <= size <= len(data) - at:
            raise Mp4Error(f"box {kind!r} of {size} bytes at {base + at}")
        body = data[at + 8 : at + size]
        box = Box(kind.decode("latin-1"), base + at, body)
        if box.kind in CONTAINERS:
            box.children = boxes(body, base + at + 8)
        found.append(box)
        at += size
    return found


@dataclass
class Track:
    """A track of the init segment."""

    number: int
    handler: str
    timescale: int
    width: int = 0
    height: int = 0
    profile: int = 0
    level: int = 0
    sample_rate: int = 0


def parse_init(data: bytes) -> dict[int, Track]:
    """Checks ftyp + moov with empty sample tables; returns the tracks by id."""
    top = boxes(data)
    kinds = [box.kind for box in top]
    if kinds != ["ftyp", "moov"]:
        raise Mp4Error(f"an init segment is ftyp + moov, not {kinds}")
    moov = top[1]
    moov.find("mvex")
    tracks = [_track(trak) for trak in moov.all("trak")]
    extended = {struct.unpack_from(">I", trex.body, 4)[0] for trex in moov.find("mvex").all("trex")}
    if extended != {track.number for track in tracks}:
        raise Mp4Error("every track needs its trex")
    return {track.number: track for track in tracks}


def _track(trak: Box) -> Track:
    tkhd, mdhd = trak.find("tkhd").body, trak.find("mdia", "mdhd").body
    number = struct.unpack_from(">I", tkhd, 20 if tkhd[0] else 12)[0]
    timescale = struct.unpack_from(">I", mdhd, 20 if mdhd[0] else 12)[0]
    handler = trak.find("mdia", "hdlr").body[8:12].decode("latin-1")
    track = Track(number, handler, timescale)
    stbl = trak.find("mdia", "minf", "stbl")
    for kind, at in (("stts", 4), ("stsc", 4), ("stco", 4), ("stsz", 8)):
        if struct.unpack_from(">I", stbl.find(kind).body, at)[0]:
            raise Mp4Error(f"{kind} is not empty")
    entry = boxes(stbl.find("stsd").body[8:])[0]
    if entry.kind == "avc1":
        track.width, track.height = struct.unpack_from(">HH", entry.body, 24)
        avcc = next(box for box in boxes(entry.body[78:]) if box.kind == "avcC").body
        track.profile, track.level = avcc[1], avcc[3]
        if avcc[4] & 3 != 3 or avcc[5] & 31 < 1:
            raise Mp4Error("avcC needs 4-byte lengths and a sequence parameter set")
    elif entry.kind == "mp4a":
        track.sample_rate = struct.unpack_from(">H", entry.body, 24)[0]
    else:
        raise Mp4Error(f"sample entry {entry.kind}")
    return track


@dataclass
class Sample:
    data: bytes
    duration: int
    sync: bool
    offset: int = 0

    def nal_types(self) -> list[int]:
        """The types of the length-prefixed NAL units in a video sample."""
        return [unit[0] & 31 for unit in self.nals()]

    def nals(self) -> Iterator[bytes]:
        at = 0
        while at < len(self.data):
            (length,) = struct.unpack_from(">I", self.data, at)
            if not 1 <= length <= len(self.data) - at - 4:
                raise Mp4Error(f"NAL unit of {length} bytes in a sample of {len(self.data)}")
            yield self.data[at + 4 : at + 4 + length]
            at += 4 + length


@dataclass
class TrackRun:
    """What one fragment holds of one track."""

    track: int
    decode_time: int
    samples: list[Sample]

    @property
    def duration(self) -> int:
        return sum(sample.duration for sample in self.samples)


@dataclass
class Fragment:
    sequence: int
    runs: dict[int, TrackRun]


def parse_fragment(data: bytes) -> Fragment:
    """Checks one moof + one mdat and that the runs cover the mdat exactly."""
    top = boxes(data)
    kinds = [box.kind for box in top]
    if kinds != ["moof", "mdat"]:
        raise Mp4Error(f"a fragment is moof + mdat, not {kinds}")
    moof, mdat = top
    sequence = struct.unpack_from(">I", moof.find("mfhd").body, 4)[0]
    runs = {run.track: run for run in (_traf(traf, data) for traf in moof.all("traf"))}
    used = sum(len(sample.data) for run in runs.values() for sample in run.samples)
    if used != len(mdat.body):
        raise Mp4Error(f"the runs hold {used} bytes, mdat {len(mdat.body)}")
    return Fragment(sequence, runs)


def _traf(traf: Box, fragment: bytes) -> TrackRun:
    tfhd, tfdt = traf.find("tfhd").body, traf.find("tfdt").body
    flags, track = struct.unpack_from(">II", tfhd)
    flags &= 0xFFFFFF
    if flags & 1 or not flags & 0x020000:
        raise Mp4Error(f"tfhd flags {flags:#x}: default-base-is-moof and no base offset")
    fields, at = {}, 8
    for bit, name in ((2, "description"), (8, "duration"), (16, "size"), (32, "flags")):
        if flags & bit:
            (fields[name],) = struct.unpack_from(">I", tfhd, at)
            at += 4
    if tfdt[0]:
        decode_time = struct.unpack_from(">Q", tfdt, 4)[0]
    else:
        decode_time = struct.unpack_from(">I", tfdt, 4)[0]
    samples = [s for trun in traf.all("trun") for s in _trun(trun.body, fields, fragment)]
    return TrackRun(track, decode_time, samples)


def _trun(body: bytes, defaults: dict[str, int], fragment: bytes) -> Iterator[Sample]:
    flags, count = struct.unpack_from(">II", body)
    flags &= 0xFFFFFF
    if not flags & 1:
        raise Mp4Error("trun without data offset")
    if flags & 0x800:
        raise Mp4Error("trun with composition offsets")
    (offset,) = struct.unpack_from(">i", body, 8)
    at, first_flags = 12, None
    if flags & 4:
        (first_flags,) = struct.unpack_from(">I", body, at)
        at += 4
    for index in range(count):
        row = {**{"duration": 0, "size": 0, "flags": 0}, **defaults}
        if index == 0 and first_flags is not None:
            row["flags"] = first_flags
        for bit, name in ((0x100, "duration"), (0x200, "size"), (0x400, "flags")):
            if flags & bit:
                (row[name],) = struct.unpack_from(">I", body, at)
                at += 4
        data = fragment[offset : offset + row["size"]]
        if len(data) != row["size"]:
            raise Mp4Error("a sample runs past the fragment")
        yield Sample(data, row["duration"], not row["flags"] & NON_SYNC, offset)
        offset += row["size"]
    if at != len(body):
        raise Mp4Error("trun flags disagree with its length")
