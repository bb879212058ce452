# SPDX-License-Identifier: MIT OR Apache-2.0
"""Pair-setup and pair-verify, step by step so that a test can stop between them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from . import tlv8
from .connection import Connection, SessionKeys
from .crypto import hkdf, open_sealed, seal, text_nonce
from .http import Message
from .srp import Padding, SrpClient

METHOD, IDENTIFIER, SALT, PUBLIC_KEY, PROOF, ENCRYPTED, STATE, ERROR = range(8)
SIGNATURE, PERMISSIONS = 0x0A, 0x0B
PAIRING_TYPE = "application/pairing+tlv8"

AUTHENTICATION, MAX_PEERS, MAX_TRIES, UNAVAILABLE, BUSY = 2, 4, 5, 6, 7


class PairingError(Exception):
    """The accessory answered with a TLV error."""

    def __init__(self, state: int, error: int) -> None:
        super().__init__(f"state {state}, error {error}")
        self.state = state
        self.error = error


def raw_public(key: Ed25519PrivateKey | X25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw
    )


@dataclass
class Identity:
    """A controller: its pairing identifier and long-term key."""

    identifier: str = field(default_factory=lambda: str(uuid.uuid4()).upper())
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)


@dataclass
class Pairing:
    """What a controller keeps after pair-setup."""

    identity: Identity
    accessory_id: str
    accessory_key: bytes


def exchange(connection: Connection, path: str, items: list[tlv8.Item]) -> Message:
    return connection.request("POST", path, tlv8.encode(items), PAIRING_TYPE)


def items_of(message: Message, state: int) -> list[tlv8.Item]:
    """The items of a good answer with this state; PairingError for a TLV error."""
    assert message.status == 200, f"HTTP {message.status}: {message.body!r}"
    assert message.headers.get("content-type") == PAIRING_TYPE, message.headers
    items = tlv8.decode(message.body)
    got = tlv8.number(tlv8.one(items, STATE))
    error = tlv8.maybe(items, ERROR)
    if error is not None:
        raise PairingError(got, tlv8.number(error))
    assert got == state, f"state {got} where {state} was expected"
    return items


@dataclass
class SetupOffer:
    """M2: what the accessory offers."""

    public_key: bytes
    salt: bytes


def setup_start(connection: Connection, method: int = 0) -> SetupOffer:
    """M1 to M2."""
    answer = exchange(connection, "/pair-setup", [(STATE, b"\x01"), (METHOD, bytes([method]))])
    items = items_of(answer, 2)
    offer = SetupOffer(tlv8.one(items, PUBLIC_KEY), tlv8.one(items, SALT))
    assert len(offer.salt) == 16 and len(offer.public_key) <= 384
    return offer


def setup_prove(connection: Connection, srp: SrpClient) -> None:
    """M3 to M4; raises PairingError for a wrong code."""
    step = [(STATE, b"\x03"), (PUBLIC_KEY, srp.public), (PROOF, srp.proof)]
    items = items_of(exchange(connection, "/pair-setup", step), 4)
    assert srp.accepts(tlv8.one(items, PROOF)), "the accessory's proof is wrong"


def setup_keys(connection: Connection, srp: SrpClient, identity: Identity) -> Pairing:
    """M5 to M6."""
    items = items_of(exchange(connection, "/pair-setup", setup_m5(srp, identity)), 6)
    return setup_finish(items, srp, identity)


def setup_m5(srp: SrpClient, identity: Identity) -> list[tlv8.Item]:
    device_x = hkdf(srp.key, b"Pair-Setup-Controller-Sign-Salt", b"Pair-Setup-Controller-Sign-Info")
    name, public = identity.identifier.encode(), raw_public(identity.key)
    inner = tlv8.encode(
        [
            (IDENTIFIER, name),
            (PUBLIC_KEY, public),
            (SIGNATURE, identity.key.sign(device_x + name + public)),
        ]
    )
    key = hkdf(srp.key, b"Pair-Setup-Encrypt-Salt", b"Pair-Setup-Encrypt-Info")
    return [(STATE, b"\x05"), (ENCRYPTED, seal(key, text_nonce(b"PS-Msg05"), inner))]


def setup_finish(items: list[tlv8.Item], srp: SrpClient, identity: Identity) -> Pairing:
    key = hkdf(srp.key, b"Pair-Setup-Encrypt-Salt", b"Pair-Setup-Encrypt-Info")
    inner = tlv8.decode(open_sealed(key, text_nonce(b"PS-Msg06"), tlv8.one(items, ENCRYPTED)))
    name, public = tlv8.one(inner, IDENTIFIER), tlv8.one(inner, PUBLIC_KEY)
    accessory_x = hkdf(
        srp.key, b"Pair-Setup-Accessory-Sign-Salt", b"Pair-Setup-Accessory-Sign-Info"
    )
    signed = accessory_x + name + public
    Ed25519PublicKey.from_public_bytes(public).verify(tlv8.one(inner, SIGNATURE), signed)
    return Pairing(identity, name.decode(), public)


def pair_setup(
    connection: Connection,
    code: str,
    identity: Identity | None = None,
    padding: Padding = Padding.PADDED,
    method: int = 0,
) -> Pairing:
    """M1 to M6."""
    offer = setup_start(connection, method)
    srp = SrpClient(code, offer.salt, offer.public_key, padding)
    setup_prove(connection, srp)
    return setup_keys(connection, srp, identity or Identity())


@dataclass
class VerifyOffer:
    """M2 of pair-verify, checked."""

    ours: bytes
    theirs: bytes
    shared_secret: bytes


def verify_start(connection: Connection, pairing: Pairing) -> VerifyOffer:
    """M1 to M2, with the accessory's signature checked."""
    private = X25519PrivateKey.generate()
    ours = raw_public(private)
    answer = exchange(connection, "/pair-verify", [(STATE, b"\x01"), (PUBLIC_KEY, ours)])
    items = items_of(answer, 2)
    theirs = tlv8.one(items, PUBLIC_KEY)
    shared = private.exchange(X25519PublicKey.from_public_bytes(theirs))
    key = hkdf(shared, b"Pair-Verify-Encrypt-Salt", b"Pair-Verify-Encrypt-Info")
    inner = tlv8.decode(open_sealed(key, text_nonce(b"PV-Msg02"), tlv8.one(items, ENCRYPTED)))
    name = tlv8.one(inner, IDENTIFIER)
    assert name.decode() == pairing.accessory_id, f"another accessory: {name!r}"
    accessory = Ed25519PublicKey.from_public_bytes(pairing.accessory_key)
    accessory.verify(tlv8.one(inner, SIGNATURE), theirs + name + ours)
    return VerifyOffer(ours, theirs, shared)


def verify_m3(offer: VerifyOffer, identity: Identity) -> list[tlv8.Item]:
    name = identity.identifier.encode()
    signature = identity.key.sign(offer.ours + name + offer.theirs)
    inner = tlv8.encode([(IDENTIFIER, name), (SIGNATURE, signature)])
    key = hkdf(offer.shared_secret, b"Pair-Verify-Encrypt-Salt", b"Pair-Verify-Encrypt-Info")
    return [(STATE, b"\x03"), (ENCRYPTED, seal(key, text_nonce(b"PV-Msg03"), inner))]


def verify_finish(connection: Connection, offer: VerifyOffer, identity: Identity) -> None:
    """M3 to M4, then the connection is secured."""
    items_of(exchange(connection, "/pair-verify", verify_m3(offer, identity)), 4)
    secret = offer.shared_secret
    connection.secure(
        SessionKeys(
            hkdf(secret, b"Control-Salt", b"Control-Read-Encryption-Key"),
            hkdf(secret, b"Control-Salt", b"Control-Write-Encryption-Key"),
            secret,
        )
    )


def pair_verify(connection: Connection, pairing: Pairing) -> None:
    verify_finish(connection, verify_start(connection, pairing), pairing.identity)
