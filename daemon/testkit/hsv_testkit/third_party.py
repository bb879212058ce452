# SPDX-License-Identifier: MIT OR Apache-2.0
"""aiohomekit as a controller: its own transport, and its pairing code over our connection."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from aiohomekit.characteristic_cache import CharacteristicCacheMemory
from aiohomekit.controller.ip.controller import IpController
from aiohomekit.controller.ip.discovery import IpDiscovery
from aiohomekit.controller.ip.pairing import IpPairing
from aiohomekit.model.categories import Categories
from aiohomekit.model.feature_flags import FeatureFlags
from aiohomekit.model.status_flags import StatusFlags
from aiohomekit.protocol import (
    get_session_keys,
    perform_pair_setup_part1,
    perform_pair_setup_part2,
)
from aiohomekit.protocol.tlv import TLV
from aiohomekit.zeroconf import HomeKitService

from .connection import Connection
from .pairing import PAIRING_TYPE

PairingData = dict[str, Any]


def drive(connection: Connection, path: str, machine: Generator[Any, Any, Any]) -> Any:
    """Runs one of aiohomekit's pairing machines over our connection."""
    try:
        body, expected = machine.send(None)
        while True:
            answer = connection.request("POST", path, bytes(TLV.encode_list(body)), PAIRING_TYPE)
            body, expected = machine.send(TLV.decode_bytes(answer.body, expected=expected))
    except StopIteration as result:
        return result.value


def pair_setup(connection: Connection, code: str, identifier: str) -> PairingData:
    salt, public = drive(connection, "/pair-setup", perform_pair_setup_part1(with_auth=False))
    machine = perform_pair_setup_part2(code, identifier, salt, public)
    return dict(drive(connection, "/pair-setup", machine))


def pair_verify(connection: Connection, data: PairingData) -> None:
    """Verifies only; the session is not used."""
    drive(connection, "/pair-verify", get_session_keys(data))


def discovery(controller: IpController, host: str, port: int) -> IpDiscovery:
    """A discovery without mDNS: the camera under test does not advertise."""
    service = HomeKitService(
        name="Porch",
        id="00:00:00:00:00:00",
        model="camera",
        feature_flags=FeatureFlags(0),
        status_flags=StatusFlags(1),
        config_num=1,
        state_num=1,
        category=Categories.IP_CAMERA,
        protocol_version="1.1",
        type="_hap._tcp.local.",
        address=host,
        addresses=[host],
        port=port,
    )
    return IpDiscovery(controller, service)


def ip_controller() -> IpController:
    """A controller that never touches the network by itself."""
    return IpController(CharacteristicCacheMemory(), None)


async def pair(controller: IpController, host: str, port: int, code: str) -> IpPairing:
    finish = await discovery(controller, host, port).async_start_pairing("porch")
    return await finish(code)
