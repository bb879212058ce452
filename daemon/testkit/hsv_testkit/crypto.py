# SPDX-License-Identifier: MIT OR Apache-2.0
"""Key derivation and the AEAD nonces of HAP and HDS."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def hkdf(secret: bytes, salt: bytes, info: bytes) -> bytes:
    """HKDF-SHA-512 with a 32-byte output, the only form HAP uses."""
    return HKDF(algorithm=hashes.SHA512(), length=32, salt=salt, info=info).derive(secret)


def text_nonce(text: bytes) -> bytes:
    """Four zero bytes and eight letters, as in `PS-Msg05`."""
    return bytes(4) + text


def counter_nonce(counter: int) -> bytes:
    """Four zero bytes and a 64-bit little-endian counter."""
    return bytes(4) + counter.to_bytes(8, "little")


def seal(key: bytes, nonce: bytes, plain: bytes, aad: bytes | None = None) -> bytes:
    return ChaCha20Poly1305(key).encrypt(nonce, plain, aad)


def open_sealed(key: bytes, nonce: bytes, sealed: bytes, aad: bytes | None = None) -> bytes:
    """Raises cryptography's InvalidTag when the bytes were tampered with."""
    return ChaCha20Poly1305(key).decrypt(nonce, sealed, aad)
