# SPDX-License-Identifier: MIT OR Apache-2.0
"""TLV8: bytes to ordered items and back. Order and repeats are kept."""

from __future__ import annotations

from collections.abc import Iterable

Item = tuple[int, bytes]


class TlvError(ValueError):
    """The bytes end inside an item."""


def encode(items: Iterable[Item]) -> bytes:
    """Encodes items; a value over 255 bytes becomes neighbours of one type."""
    out = bytearray()
    for kind, value in items:
        parts = [value[at : at + 255] for at in range(0, len(value), 255)] or [b""]
        for part in parts:
            out += bytes([kind, len(part)]) + part
    return bytes(out)


def decode(data: bytes) -> list[Item]:
    """Decodes items, joining an item to the one before only if that was 255 bytes long."""
    items: list[Item] = []
    at, joinable = 0, False
    while at < len(data):
        if at + 2 > len(data):
            raise TlvError(f"truncated head at {at}")
        kind, length = data[at], data[at + 1]
        part = data[at + 2 : at + 2 + length]
        if len(part) != length:
            raise TlvError(f"truncated value at {at}")
        if joinable and length and items[-1][0] == kind:
            items[-1] = (kind, items[-1][1] + part)
        else:
            items.append((kind, part))
        joinable = length == 255
        at += 2 + length
    return items


def one(items: Iterable[Item], kind: int) -> bytes:
    """The only value of a type; KeyError when absent, TlvError when repeated."""
    found = [value for item, value in items if item == kind]
    if not found:
        raise KeyError(kind)
    if len(found) > 1:
        raise TlvError(f"type {kind:#x} stands {len(found)} times")
    return found[0]


def maybe(items: Iterable[Item], kind: int) -> bytes | None:
    """The only value of a type, or None."""
    try:
        return one(items, kind)
    except KeyError:
        return None


def every(items: Iterable[Item], kind: int) -> list[bytes]:
    """All values of a type, in order."""
    return [value for item, value in items if item == kind]


def number(value: bytes) -> int:
    """A little-endian unsigned integer of any width."""
    return int.from_bytes(value, "little")


def u8(value: int) -> bytes:
    return value.to_bytes(1, "little")


def u16(value: int) -> bytes:
    return value.to_bytes(2, "little")


def u32(value: int) -> bytes:
    return value.to_bytes(4, "little")
