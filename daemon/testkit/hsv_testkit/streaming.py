# SPDX-License-Identifier: MIT OR Apache-2.0
"""The two TLVs a viewer writes before live video, as far as the mode tests need them."""

from __future__ import annotations

import base64
import secrets

from . import tlv8


def setup_endpoints(session_id: bytes | None = None) -> str:
    """A SetupEndpoints request for a viewer on this machine, base64."""
    crypto = tlv8.encode(
        [(1, b"\x00"), (2, secrets.token_bytes(16)), (3, secrets.token_bytes(14))]
    )
    address = tlv8.encode(
        [(1, b"\x00"), (2, b"127.0.0.1"), (3, tlv8.u16(45000)), (4, tlv8.u16(45002))]
    )
    items = [(1, session_id or secrets.token_bytes(16)), (3, address), (4, crypto), (5, crypto)]
    return base64.b64encode(tlv8.encode(items)).decode()


def end_stream(session_id: bytes) -> str:
    """A SelectedRTPStreamConfiguration with the command "end", base64."""
    control = tlv8.encode([(1, session_id), (2, b"\x00")])
    return base64.b64encode(tlv8.encode([(1, control)])).decode()
