# SPDX-License-Identifier: MIT OR Apache-2.0
"""A verified session: reads, writes, events, snapshots and the pairings of the accessory."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable
from typing import Any

from . import tlv8
from .connection import Connection
from .database import Database, Type
from .http import Message
from .pairing import (
    ERROR,
    IDENTIFIER,
    METHOD,
    PERMISSIONS,
    PUBLIC_KEY,
    STATE,
    Identity,
    Pairing,
    exchange,
    items_of,
    pair_verify,
    raw_public,
)

JSON_TYPE = "application/hap+json"
Entry = dict[str, Any]


class WriteRefused(Exception):
    """A write came back with a status other than 0."""

    def __init__(self, entries: list[Entry]) -> None:
        super().__init__(str(entries))
        self.entries = entries


class Session:
    """One controller on one connection."""

    def __init__(self, host: str, port: int, pairing: Pairing, timeout: float = 15.0) -> None:
        self.pairing = pairing
        self.connection = Connection(host, port, timeout)
        pair_verify(self.connection, pairing)
        self._database: Database | None = None

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.connection.close()

    @property
    def shared_secret(self) -> bytes:
        assert self.connection.keys is not None
        return self.connection.keys.shared_secret

    @property
    def database(self) -> Database:
        """GET /accessories, read once."""
        if self._database is None:
            self._database = self.read_database()
        return self._database

    def read_database(self) -> Database:
        answer = self.connection.request("GET", "/accessories")
        assert answer.status == 200, answer
        return Database(answer.json())

    # Reads

    def get(self, iids: Iterable[int], query: str = "") -> Message:
        ids = ",".join(f"{self.database.aid}.{iid}" for iid in iids)
        return self.connection.request("GET", f"/characteristics?id={ids}{query}")

    def read(self, of: Type) -> Any:
        """The value of a characteristic; fails when the read fails."""
        entry = self.read_entry(of)
        assert entry.get("status", 0) == 0, f"{of}: {entry}"
        return entry["value"]

    def read_entry(self, of: Type) -> Entry:
        return dict(self.get([self.database.iid(of)]).entries()[0])

    # Writes

    def put(self, entries: list[Entry], pid: int | None = None) -> Message:
        """PUT /characteristics with the entries as they are; `aid` is added."""
        body: dict[str, Any] = {
            "characteristics": [{"aid": self.database.aid, **entry} for entry in entries]
        }
        if pid is not None:
            body["pid"] = pid
        return self.put_json("/characteristics", body)

    def put_json(self, path: str, body: Any) -> Message:
        return self.connection.request("PUT", path, json.dumps(body).encode(), JSON_TYPE)

    def prepare(self, ttl_ms: int = 5000, pid: int | None = None) -> int:
        pid = secrets.randbits(48) if pid is None else pid
        answer = self.put_json("/prepare", {"ttl": ttl_ms, "pid": pid})
        assert (answer.status, answer.json()) == (200, {"status": 0}), answer
        return pid

    def put_auto(self, entries: list[Entry]) -> Message:
        """Writes as a controller does: with a prepare when any entry wants a timed write."""
        timed = any("value" in e and self.database.is_timed(e["iid"]) for e in entries)
        return self.put(entries, self.prepare() if timed else None)

    def write(self, *values: tuple[Type, Any]) -> None:
        """Writes each value to every instance of its type; WriteRefused when one fails."""
        entries = [
            {"iid": iid, "value": value} for of, value in values for iid in self.database.iids(of)
        ]
        answer = self.put_auto(entries)
        if answer.status != 204:
            failed = [e for e in answer.entries() if e["status"] != 0]
            if failed or answer.status != 207:
                raise WriteRefused(failed)

    def write_status(self, of: Type, value: Any) -> int:
        """The HAP status of writing one value."""
        answer = self.put_auto([{"iid": self.database.iid(of), "value": value}])
        return 0 if answer.status == 204 else int(answer.entries()[0]["status"])

    def write_response(self, of: Type, value: Any) -> Entry:
        """A write with `r`; the entry of the answer."""
        answer = self.put([{"iid": self.database.iid(of), "value": value, "r": True}])
        assert answer.status == 207, answer
        return dict(answer.entries()[0])

    # Events

    def subscribe(self, *types: Type) -> None:
        entries = [{"iid": iid, "ev": True} for of in types for iid in self.database.iids(of)]
        answer = self.put(entries)
        assert answer.status == 204, answer

    def wait_for(self, of: Type, value: Any, timeout: float) -> Message:
        """Waits until an event brings this value; other events are discarded."""
        iid, deadline = self.database.iid(of), time.monotonic() + timeout
        while True:
            left = deadline - time.monotonic()
            event = self.connection.wait_event(max(left, 0.001))
            for entry in event.entries():
                if entry["iid"] == iid and int(entry["value"]) == int(value):
                    return event

    def no_event(self, seconds: float) -> None:
        """Fails when any event arrives within the time."""
        try:
            event = self.connection.wait_event(seconds)
        except TimeoutError:
            return
        raise AssertionError(f"unexpected event: {event.body!r}")

    # The rest

    def snapshot(self, width: int = 640, height: int = 360, **more: int) -> Message:
        body = {"resource-type": "image", "image-width": width, "image-height": height, **more}
        return self.connection.request(
            "POST", "/resource", json.dumps(body).encode(), JSON_TYPE, timeout=30
        )

    def list_pairings(self) -> dict[str, tuple[bytes, int]]:
        """Identifier to key and permissions."""
        items = items_of(
            exchange(self.connection, "/pairings", [(STATE, b"\x01"), (METHOD, b"\x05")]), 2
        )
        names = [value.decode() for value in tlv8.every(items, IDENTIFIER)]
        keys = tlv8.every(items, PUBLIC_KEY)
        rights = [tlv8.number(value) for value in tlv8.every(items, PERMISSIONS)]
        separators = [value for kind, value in items if kind == 0xFF]
        assert len(separators) == len(names) - 1, "one separator between two pairings"
        return dict(zip(names, zip(keys, rights, strict=True), strict=True))

    def add_pairing(self, identity: Identity, admin: bool) -> Pairing:
        """Adds another controller; returns what that controller keeps."""
        step = [
            (STATE, b"\x01"),
            (METHOD, b"\x03"),
            (IDENTIFIER, identity.identifier.encode()),
            (PUBLIC_KEY, raw_public(identity.key)),
            (PERMISSIONS, b"\x01" if admin else b"\x00"),
        ]
        items_of(exchange(self.connection, "/pairings", step), 2)
        return Pairing(identity, self.pairing.accessory_id, self.pairing.accessory_key)

    def remove_pairing(self, identifier: str) -> None:
        step = [(STATE, b"\x01"), (METHOD, b"\x04"), (IDENTIFIER, identifier.encode())]
        items_of(exchange(self.connection, "/pairings", step), 2)

    def remove_own_pairing(self) -> None:
        self.remove_pairing(self.pairing.identity.identifier)


__all__ = ["ERROR", "JSON_TYPE", "Entry", "Session", "WriteRefused"]
