"""The key ring that encrypts secrets at rest: AES-256-GCM, named keys, rotation.

A token is `b"g1"`, one byte with the length of the key's id, the id, 12 random bytes, then ciphertext and tag. The
head and the caller's context are authenticated, so a token moved to another column is refused.
"""

import os
from collections.abc import Mapping
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

PREFIX = b"g1"
NONCE_BYTES = 12
KEY_BYTES = 32


class UnreadableSecret(Exception):
    """The stored token was altered, moved, or encrypted with a key that is no longer in the ring."""


class Keyring:
    """Encrypts with the first key, decrypts with any. Keys are 32 bytes, ids are short ASCII names."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise ImproperlyConfigured("CREDENTIAL_KEYS is empty. Set it to name=64 hex digits, such as k1=00ff...")
        for name, key in keys.items():
            if len(key) != KEY_BYTES:
                raise ImproperlyConfigured(f"CREDENTIAL_KEYS: key {name} has {len(key)} bytes, it needs {KEY_BYTES}.")
        self._ciphers = {name.encode(): AESGCM(key) for name, key in keys.items()}
        active = next(iter(self._ciphers))
        self._head = PREFIX + bytes([len(active)]) + active
        self._active = self._ciphers[active]

    def encrypt(self, data: bytes, context: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return self._head + nonce + self._active.encrypt(nonce, data, context + self._head)

    def decrypt(self, token: bytes, context: bytes) -> bytes:
        """Raises UnreadableSecret; the message never holds any part of the token."""
        if token[:2] != PREFIX or len(token) < 3:
            raise UnreadableSecret("This is not an encrypted value.")
        start = 3 + token[2]
        cipher = self._ciphers.get(token[3:start])
        if cipher is None:
            raise UnreadableSecret("The key of this value is not in CREDENTIAL_KEYS.")
        nonce, sealed = token[start : start + NONCE_BYTES], token[start + NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, sealed, context + token[:start])
        except (InvalidTag, ValueError) as problem:
            raise UnreadableSecret("This value was altered or belongs to another place.") from problem

    def uses_active_key(self, token: bytes) -> bool:
        return token.startswith(self._head)


@cache
def _ring(keys: tuple[tuple[str, str], ...]) -> Keyring:
    return Keyring({name: bytes.fromhex(value) for name, value in keys})


def ring() -> Keyring:
    """The ring of the environment's CREDENTIAL_KEYS."""
    return _ring(tuple(settings.CREDENTIAL_KEYS.items()))
