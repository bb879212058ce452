# SPDX-License-Identifier: MIT OR Apache-2.0
"""The client side of SRP-6a as HAP uses it: 3072-bit group, SHA-512, user Pair-Setup.

Controllers in the field disagree about leading zero bytes, so both conventions are here:
STRIPPED is what the platform vendor's code does, PADDED what most open ones do.
"""

from __future__ import annotations

import enum
import hashlib
import secrets

N_BYTES = 384
N = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A0879"
    "8E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B"
    "0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA4836"
    "1C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804"
    "F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6"
    "955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64"
    "ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D226"
    "1AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E2"
    "08E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
G = 5
USER = b"Pair-Setup"


class Padding(enum.Enum):
    """How the client hashes numbers that have leading zero bytes."""

    PADDED = "padded"
    STRIPPED = "stripped"


def _hash(*parts: bytes) -> bytes:
    return hashlib.sha512(b"".join(parts)).digest()


def _pad(value: int) -> bytes:
    return value.to_bytes(N_BYTES, "big")


def _strip(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


K_MULTIPLIER = int.from_bytes(_hash(_pad(N), _pad(G)), "big")
GROUP = bytes(a ^ b for a, b in zip(_hash(_pad(N)), _hash(b"\x05"), strict=True))


class SrpClient:
    """One exchange. `private` may be given to reach rare cases on purpose."""

    def __init__(
        self,
        setup_code: str,
        salt: bytes,
        accessory_public: bytes,
        padding: Padding = Padding.PADDED,
        private: int | None = None,
    ) -> None:
        self.padding = padding
        self._salt = salt
        self._b = accessory_public
        self._big_b = int.from_bytes(accessory_public, "big")
        if self._big_b % N == 0:
            raise ValueError("the accessory's public key is zero")
        secret = _hash(salt, _hash(USER, b":", setup_code.encode()))
        self._x = int.from_bytes(secret, "big")
        self._base = (self._big_b - K_MULTIPLIER * pow(G, self._x, N)) % N
        self.use_private(private if private is not None else secrets.randbits(256))

    def use_private(self, private: int) -> None:
        """Sets `a` and computes everything that follows from it."""
        self.a = private
        self._big_a = pow(G, private, N)
        u = int.from_bytes(_hash(_pad(self._big_a), _pad(self._big_b)), "big")
        self.shared = pow(self._base, private + u * self._x, N)
        write = _strip if self.padding is Padding.STRIPPED else _pad
        self.public = write(self._big_a)
        self.key = _hash(write(self.shared))
        received_b = self._b if self.padding is Padding.PADDED else _strip(self._big_b)
        self.proof = _hash(GROUP, _hash(USER), self._salt, self.public, received_b, self.key)

    def has_leading_zero(self) -> tuple[bool, bool]:
        """Whether A and the shared secret begin with a zero byte."""
        return _pad(self._big_a)[0] == 0, _pad(self.shared)[0] == 0

    def accepts(self, accessory_proof: bytes) -> bool:
        """Checks M2 = H( PAD(A) | M1 | K )."""
        return accessory_proof == _hash(_pad(self._big_a), self.proof, self.key)


def find_private(client: SrpClient, zero_public: bool, zero_shared: bool) -> None:
    """Steps `a` until A or the shared secret begins with a zero byte, about 256 steps."""
    start = secrets.randbits(256) | 1 << 255
    power_x = pow(client._base, client._x, N)
    big_a, base_a = pow(G, start, N), pow(client._base, start, N)
    for step in range(1, 100_000):
        big_a, base_a = big_a * G % N, base_a * client._base % N
        found = _pad(big_a)[0] == 0 if zero_public else True
        if found and zero_shared:
            u = int.from_bytes(_hash(_pad(big_a), _pad(client._big_b)), "big")
            found = _pad(base_a * pow(power_x, u, N) % N)[0] == 0
        if found:
            client.use_private(start + step)
            return
    raise AssertionError("no such private number")
