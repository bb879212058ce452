# SPDX-License-Identifier: MIT OR Apache-2.0
"""The accessory's attribute database, looked up by the standard's type numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

BASE = "-0000-1000-8000-0026BB765291"


def short(uuid: str) -> str:
    """The short upper-case form of a type."""
    uuid = uuid.upper()
    return (uuid[: -len(BASE)] if uuid.endswith(BASE) else uuid).lstrip("0")


@dataclass(frozen=True)
class Type:
    """A characteristic inside a service, by short type."""

    service: str
    characteristic: str


IDENTIFY = Type("3E", "14")
NAME = Type("3E", "23")
FIRMWARE = Type("3E", "52")
PROTOCOL_VERSION = Type("A2", "37")
RTP_ACTIVE = Type("110", "B0")
STREAMING_STATUS = Type("110", "120")
LIVE_VIDEO = Type("110", "114")
LIVE_AUDIO = Type("110", "115")
LIVE_RTP = Type("110", "116")
SETUP_ENDPOINTS = Type("110", "118")
SELECTED_RTP = Type("110", "117")
MOTION_DETECTED = Type("85", "22")
STATUS_ACTIVE = Type("85", "75")
STATUS_FAULT = Type("85", "77")
EVENT_SNAPSHOTS = Type("21A", "223")
CAMERA_ACTIVE = Type("21A", "21B")
MANUALLY_DISABLED = Type("21A", "227")
NIGHT_VISION = Type("21A", "11B")
PERIODIC_SNAPSHOTS = Type("21A", "225")
INDICATOR = Type("21A", "21D")
RECORDING_ACTIVE = Type("204", "B0")
SUPPORTED_RECORDING = Type("204", "205")
SUPPORTED_VIDEO = Type("204", "206")
SUPPORTED_AUDIO = Type("204", "207")
SELECTED_RECORDING = Type("204", "209")
RECORDING_AUDIO = Type("204", "226")
SUPPORTED_TRANSPORT = Type("129", "130")
SETUP_TRANSPORT = Type("129", "131")
MICROPHONE_MUTE = Type("112", "11A")
MICROPHONE_VOLUME = Type("112", "119")
SPEAKER_MUTE = Type("113", "11A")
SPEAKER_VOLUME = Type("113", "119")
DOORBELL_PRESS = Type("121", "73")


class Database:
    """The answer to GET /accessories."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.accessories: list[dict[str, Any]] = body["accessories"]

    @property
    def aid(self) -> int:
        return int(self.accessories[0]["aid"])

    def services(self, kind: str | None = None) -> list[dict[str, Any]]:
        found = self.accessories[0]["services"]
        return [item for item in found if kind is None or short(item["type"]) == kind]

    def characteristics(self, of: Type) -> list[dict[str, Any]]:
        """Every characteristic of this type; more than one when the service repeats."""
        return [
            characteristic
            for service in self.services(of.service)
            for characteristic in service["characteristics"]
            if short(characteristic["type"]) == of.characteristic
        ]

    def has(self, of: Type) -> bool:
        return bool(self.characteristics(of))

    def iid(self, of: Type) -> int:
        found = self.characteristics(of)
        if not found:
            raise KeyError(f"no {of}")
        return int(found[0]["iid"])

    def iids(self, of: Type) -> list[int]:
        return [int(item["iid"]) for item in self.characteristics(of)]

    def is_timed(self, iid: int) -> bool:
        return "tw" in self.by_iid(iid)["perms"]

    def by_iid(self, iid: int) -> dict[str, Any]:
        for service in self.services():
            for characteristic in service["characteristics"]:
                if characteristic["iid"] == iid:
                    return dict(characteristic)
        raise KeyError(iid)
