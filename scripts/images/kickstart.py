"""Reads a kickstart file of wic's, with the options that ours have and no others, and lays its card out as wic does."""

import argparse
import shlex
from dataclasses import dataclass

KIB = 1 << 10
# Where the first partition may begin: behind a GPT of 128 entries.
GPT_BYTES = 34 * 512


class KickstartError(Exception):
    """The line, and what wic would not understand in it."""


class Words(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        raise argparse.ArgumentError(None, message)


def size(text: str) -> int:
    """In bytes; wic has a unit of its own for each option where none is written, and ours are all written."""
    units = {"K": KIB, "M": KIB << 10}
    if text[-1:] not in units or not text[:-1].isdecimal():
        raise argparse.ArgumentTypeError(f"no size: {text}")
    return int(text[:-1]) * units[text[-1]]


def commands() -> Words:
    words = Words(add_help=False, allow_abbrev=False)
    by_name = words.add_subparsers(required=True, dest="command")
    bootloader = by_name.add_parser("bootloader", add_help=False, allow_abbrev=False)
    bootloader.add_argument("--ptable", choices=("gpt", "gpt-hybrid"), required=True)
    part = by_name.add_parser("part", add_help=False, allow_abbrev=False)
    part.add_argument("--align", type=int)
    part.add_argument("--offset", type=size)
    part.add_argument("--fixed-size", type=size, required=True)
    part.add_argument("--fstype", choices=("vfat", "ext4", "none"), required=True)
    for option in ("--part-name", "--part-type", "--uuid", "--label", "--mkfs-extraopts", "--source", "--sourceparams"):
        part.add_argument(option)
    for option in ("--mbr", "--no-table"):
        part.add_argument(option, action="store_true")
    return words


@dataclass(frozen=True)
class Part:
    name: str
    start: int
    """Bytes from the card's beginning, as `bytes` is."""
    bytes: int
    kind: str
    uuid: str
    fstype: str
    label: str
    file: str
    """What is copied there, if it is a copy of something."""
    is_listed: bool
    in_mbr: bool


@dataclass(frozen=True)
class Kickstart:
    ptable: str
    parts: list[Part]


def read(text: str) -> Kickstart:
    words, ptable, parts, end = commands(), "", [], GPT_BYTES
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            said = words.parse_args(shlex.split(line))
        except (argparse.ArgumentError, ValueError) as why:
            raise KickstartError(f"line {number}: {why}") from why
        if said.command == "bootloader":
            ptable = said.ptable
            continue
        start = end if said.align is None else -(-end // (said.align * KIB)) * said.align * KIB
        start = start if said.offset is None else said.offset
        if start < end:
            raise KickstartError(f"line {number}: begins at {start}, and the one before ends at {end}")
        if said.mbr and ptable != "gpt-hybrid":
            raise KickstartError(f"line {number}: --mbr is for gpt-hybrid")
        end = start + said.fixed_size
        parts.append(part_of(said, start))
    if not ptable:
        raise KickstartError("no bootloader line: wic would make an MBR")
    return Kickstart(ptable, parts)


def part_of(said: argparse.Namespace, start: int) -> Part:
    parameters = dict(word.split("=", 1) for word in (said.sourceparams or "").split(",") if "=" in word)
    return Part(
        name=said.part_name or "", start=start, bytes=said.fixed_size, kind=said.part_type or "", uuid=said.uuid or "",
        fstype=said.fstype, label=said.label or "", file=parameters.get("file", "") if said.source == "rawcopy" else "",
        is_listed=not said.no_table, in_mbr=said.mbr,
    )
