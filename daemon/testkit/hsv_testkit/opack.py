# SPDX-License-Identifier: MIT OR Apache-2.0
"""The data format of HDS messages: values to bytes and back.

Writes no back-references; reads them, numbering as OPACK does.
"""

from __future__ import annotations

import struct
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any

EPOCH = datetime(2001, 1, 1, tzinfo=timezone.utc)
MAX_DEPTH = 64
_TERMINATOR = object()


class OpackError(ValueError):
    """The bytes are not a value."""


class Int64(int):
    """An integer that is written in eight bytes whatever its size."""


def encode(value: Any) -> bytes:
    if value is None:
        return b"\x04"
    if isinstance(value, bool):
        return b"\x01" if value else b"\x02"
    if isinstance(value, Int64):
        return b"\x33" + struct.pack("<q", value)
    if isinstance(value, int):
        return _encode_int(value)
    if isinstance(value, float):
        return b"\x36" + struct.pack("<d", value)
    if isinstance(value, str):
        return _with_length(value.encode(), 0x40)
    if isinstance(value, bytes | bytearray):
        return _with_length(bytes(value), 0x70)
    if isinstance(value, uuid.UUID):
        return b"\x05" + value.bytes
    if isinstance(value, datetime):
        return b"\x06" + struct.pack("<d", (value - EPOCH).total_seconds())
    if isinstance(value, list):
        inner = b"".join(encode(item) for item in value)
        return bytes([0xD0 + len(value)]) + inner if len(value) <= 14 else b"\xdf" + inner + b"\x03"
    if isinstance(value, dict):
        inner = b"".join(encode(key) + encode(item) for key, item in value.items())
        return bytes([0xE0 + len(value)]) + inner if len(value) <= 14 else b"\xef" + inner + b"\x03"
    raise TypeError(f"no form for {type(value)}")


def _encode_int(value: int) -> bytes:
    if value == -1:
        return b"\x07"
    if 0 <= value <= 38:  # 39 has a short form too, which one reader in the field refuses
        return bytes([8 + value])
    for tag, form, bits in ((0x30, "<b", 7), (0x31, "<h", 15), (0x32, "<i", 31), (0x33, "<q", 63)):
        if -(1 << bits) <= value < 1 << bits:
            return bytes([tag]) + struct.pack(form, value)
    raise OpackError(f"{value} does not fit in 64 bits")


def _with_length(data: bytes, base: int) -> bytes:
    if len(data) <= 32:
        return bytes([base + len(data)]) + data
    for number, width in enumerate((1, 2, 4, 8), start=1):
        if len(data) < 1 << (8 * width):
            return bytes([base + 0x20 + number]) + len(data).to_bytes(width, "little") + data
    raise OpackError("too long")


class Reader:
    """Reads values from the front of `data`; one reader is one back-reference table."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0
        self._seen: list[Any] = []

    def _take(self, count: int) -> bytes:
        if count > len(self._data) - self.at:
            raise OpackError(f"truncated at {self.at}")
        part = self._data[self.at : self.at + count]
        self.at += count
        return part

    def _number(self, width: int) -> int:
        return int.from_bytes(self._take(width), "little")

    def _remember(self, value: Any) -> Any:
        if not any(type(old) is type(value) and old == value for old in self._seen):
            self._seen.append(value)
        return value

    def value(self, depth: int = 0) -> Any:
        value = self._any(depth)
        if value is _TERMINATOR:
            raise OpackError("a terminator where a value was expected")
        return value

    def _any(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise OpackError("too deep")
        tag = self._take(1)[0]
        constants = {1: True, 2: False, 3: _TERMINATOR, 4: None, 7: -1}
        if tag in constants:
            return constants[tag]
        if 0x08 <= tag <= 0x2F:
            return tag - 8
        if 0xA0 <= tag <= 0xC0:
            return self._back(tag - 0xA0)
        if 0xC1 <= tag <= 0xC4:
            return self._back(self._number(1 << (tag - 0xC1)))
        if 0xD0 <= tag <= 0xDE:
            return [self.value(depth + 1) for _ in range(tag - 0xD0)]
        if tag == 0xDF:
            return self._until_terminator(depth)
        if 0xE0 <= tag <= 0xEF:
            return self._dictionary(tag, depth)
        value = self._scalar(tag)
        return value if value in ("", b"") else self._remember(value)

    def _scalar(self, tag: int) -> Any:
        forms = {0x30: "<b", 0x31: "<h", 0x32: "<i", 0x33: "<q", 0x35: "<f", 0x36: "<d"}
        if tag in forms:
            form = forms[tag]
            return struct.unpack(form, self._take(struct.calcsize(form)))[0]
        if tag == 0x05:
            return uuid.UUID(bytes=self._take(16))
        if tag == 0x06:
            return EPOCH + timedelta(seconds=struct.unpack("<d", self._take(8))[0])
        if 0x40 <= tag <= 0x60:
            return self._take(tag - 0x40).decode()
        if 0x61 <= tag <= 0x64:
            return self._take(self._number(1 << (tag - 0x61))).decode()
        if 0x70 <= tag <= 0x90:
            return self._take(tag - 0x70)
        if 0x91 <= tag <= 0x94:
            return self._take(self._number(1 << (tag - 0x91)))
        if tag in (0x6F, 0x9F):
            end = self._data.find(b"\x00" if tag == 0x6F else b"\x03", self.at)
            if end < 0:
                raise OpackError("unterminated")
            part = self._take(end - self.at)
            self.at += 1
            return part.decode() if tag == 0x6F else part
        raise OpackError(f"tag {tag:#04x} at {self.at - 1}")

    def _back(self, index: int) -> Any:
        if index >= len(self._seen):
            raise OpackError(f"back-reference {index} of {len(self._seen)}")
        return self._seen[index]

    def _until_terminator(self, depth: int) -> list[Any]:
        items: list[Any] = []
        while (item := self._any(depth + 1)) is not _TERMINATOR:
            items.append(item)
        return items

    def _dictionary(self, tag: int, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        left = None if tag == 0xEF else tag - 0xE0
        while left is None or left > 0:
            key = self._any(depth + 1)
            if key is _TERMINATOR and left is None:
                return result
            if not isinstance(key, str):
                raise OpackError(f"key {key!r}")
            result[key] = self.value(depth + 1)
            left = None if left is None else left - 1
        return result


def decode(data: bytes) -> Any:
    """One value; bytes after it are an error."""
    reader = Reader(data)
    value = reader.value()
    if reader.at != len(data):
        raise OpackError(f"{len(data) - reader.at} bytes follow the value")
    return value
