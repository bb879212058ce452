# SPDX-License-Identifier: MIT OR Apache-2.0
"""SRTP and SRTCP by libsrtp."""

from __future__ import annotations

import struct

import pylibsrtp
from pylibsrtp import ffi

from .control import AES_128, AES_256, SrtpParameters

AES_ICM_128 = (1, 30, 3, 20, 10, 3)
AES_ICM_256 = (5, 46, 3, 20, 10, 3)
"""libsrtp's crypto policy: cipher, key and salt bytes, HMAC-SHA1, its key, tag, services."""


class SrtpRefused(Exception):
    """libsrtp does not take the packet."""


class SrtpReplayed(SrtpRefused):
    """The packet came before."""


def _refused(error: Exception) -> SrtpRefused:
    kind = SrtpReplayed if "replay" in str(error) else SrtpRefused
    return kind(str(error))


def _policy(parameters: SrtpParameters, kind: int) -> pylibsrtp.Policy:
    key = parameters.key + parameters.salt
    policy = pylibsrtp.Policy(key=key, ssrc_type=kind)
    policy.window_size = 1024
    if parameters.suite == AES_256:  # libsrtp has it, the binding has no name for it
        for part in (policy._policy.rtp, policy._policy.rtcp):
            memory = ffi.buffer(ffi.addressof(part))
            if struct.unpack("6i", memory) != AES_ICM_128:
                raise RuntimeError("this libsrtp has another policy layout")
            memory[:] = struct.pack("6i", *AES_ICM_256)
    else:
        assert parameters.suite == AES_128, f"suite {parameters.suite}"
    return policy


class Context:
    """One direction."""

    def __init__(self, parameters: SrtpParameters, inbound: bool) -> None:
        any_of = (
            pylibsrtp.Policy.SSRC_ANY_INBOUND if inbound else pylibsrtp.Policy.SSRC_ANY_OUTBOUND
        )
        self._policy = _policy(parameters, any_of)
        self._session = pylibsrtp.Session(self._policy)

    def protect(self, packet: bytes) -> bytes:
        return self._session.protect(packet)

    def protect_rtcp(self, packet: bytes) -> bytes:
        return self._session.protect_rtcp(packet)

    def unprotect(self, packet: bytes) -> bytes:
        try:
            return self._session.unprotect(packet)
        except (pylibsrtp.Error, ValueError) as error:
            raise _refused(error) from error

    def unprotect_rtcp(self, packet: bytes) -> bytes:
        try:
            return self._session.unprotect_rtcp(packet)
        except (pylibsrtp.Error, ValueError) as error:
            raise _refused(error) from error
