"""Hashes, key derivation, X-Wing and HPKE: docs/FORMAT.md 3 to 5, RFC 5869, RFC 9180, draft-connolly-cfrg-xwing-kem."""
import hashlib
import hmac
import struct

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .problems import Damaged, WrongKey

LABEL = b"hdsbackup/1 "
TAG = 16


def sha256(data):
    return hashlib.sha256(data).digest()


def hmac256(key, message):
    return hmac.digest(key, message, "sha256")


def extract(salt, key):
    return hmac256(salt or bytes(32), key)


def expand(secret, info, length):
    out, block = b"", b""
    for number in range(1, -(-length // 32) + 1):
        block = hmac256(secret, block + info + bytes([number]))
        out += block
    return out[:length]


def hkdf(secret, salt, label, context=b"", length=32):
    return expand(extract(salt, secret), LABEL + label + context, length)


same = hmac.compare_digest


def open_sealed(key, nonce, sealed, associated):
    try:
        return AESGCM(key).decrypt(nonce, sealed, associated)
    except (InvalidTag, ValueError):
        raise Damaged("the authentication tag is wrong") from None


# Signing keys

ED25519, ML_DSA_65 = 1, 2
SIGNATURE_SIZES = {ED25519: 64, ML_DSA_65: 3309}
PUBLIC_KEYS = 32 + 1952


def signing_id(public):
    return sha256(LABEL + b"signing key" + public)


def public_keys(seed):
    """Both public keys of a signing seed."""
    ed25519 = Ed25519PrivateKey.from_private_bytes(hkdf(seed, b"", b"ed25519 seed"))
    ml_dsa = MLDSA65PrivateKey.from_seed_bytes(hkdf(seed, b"", b"ml-dsa-65 seed"))
    return ed25519.public_key().public_bytes_raw() + ml_dsa.public_key().public_bytes_raw()


def signature_is_right(algorithm, public, signature, message):
    try:
        if algorithm == ED25519:
            Ed25519PublicKey.from_public_bytes(public[:32]).verify(signature, message)
        else:
            MLDSA65PublicKey.from_public_bytes(public[32:]).verify(signature, message)
        return True
    except (InvalidSignature, ValueError):
        return False


# Sealing keys

ENCAPSULATION = 1120
SEALING_PUBLIC = 1216
SUITE = b"HPKE" + struct.pack(">HHH", 0x647A, 1, 2)


class SealingKey:
    """An X-Wing key pair from its seed."""

    def __init__(self, seed):
        expanded = hashlib.shake_256(seed).digest(96)
        self._ml_kem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
        self._x25519 = X25519PrivateKey.from_private_bytes(expanded[64:])
        self.public = self._ml_kem.public_key().public_bytes_raw() + self._x25519.public_key().public_bytes_raw()
        self.recipient = recipient_id(self.public)

    def decapsulate(self, encapsulation):
        ciphertext, ephemeral = encapsulation[:1088], encapsulation[1088:]
        try:
            shared = self._x25519.exchange(X25519PublicKey.from_public_bytes(ephemeral))
        except ValueError:  # a point of small order, which no writer makes
            raise WrongKey("the encapsulation is not for any key") from None
        mixed = self._ml_kem.decapsulate(ciphertext) + shared + ephemeral + self.public[1184:]
        return hashlib.sha3_256(mixed + bytes.fromhex("5c2e2f2f5e5c")).digest()

    def context(self, encapsulation, info):
        return HPKE(self.decapsulate(encapsulation), info)


def recipient_id(public):
    return sha256(LABEL + b"recipient" + public)[:16]


class HPKE:
    """The receiver's context of base mode: RFC 9180, 5.1 to 5.3."""

    def __init__(self, shared, info):
        context = b"\0" + self._extract(b"", b"psk_id_hash", b"") + self._extract(b"", b"info_hash", info)
        self._secret = self._extract(shared, b"secret", b"")
        self._key = self._expand(b"key", context, 32)
        self._nonce = self._expand(b"base_nonce", context, 12)
        self._secret = self._expand(b"exp", context, 32)

    @staticmethod
    def _extract(salt, label, key):
        return extract(salt, b"HPKE-v1" + SUITE + label + key)

    def _expand(self, label, context, length):
        return expand(self._secret, struct.pack(">H", length) + b"HPKE-v1" + SUITE + label + context, length)

    def export(self, label, length=32):
        return self._expand(b"sec", LABEL + label, length)

    def open_first(self, sealed, associated):
        """The message of sequence number 0."""
        return open_sealed(self._key, self._nonce, sealed, associated)
