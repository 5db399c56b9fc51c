"""EVC1: what each key is derived from, and what both ends prove. Pure; PROTOCOL.md D3 is the plan."""

import hashlib
import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from evcharge.domain.strict_json import KEY_BYTES


def derived(secret: bytes, salt: bytes, info: bytes) -> bytes:
    """Return the key of 32 bytes that HKDF derives from `secret`."""
    return HKDF(SHA256(), KEY_BYTES, salt, info).derive(secret)


def auth_key(ticket_key: bytes) -> bytes:
    """Return the key under which both ends prove that they hold the ticket's key."""
    return derived(ticket_key, b"EVC1", b"auth")


def mac(key: bytes, who: bytes, th: bytes) -> bytes:
    """Return the proof of `who` (b"central" or b"peer") over the transcript."""
    return hmac.digest(key, who + th, "sha256")


def transcript(hello: bytes, challenge: bytes) -> bytes:
    """Return the digest of what both ends have said so far, to the byte."""
    return hashlib.sha256(hashlib.sha256(b"EVC1" + hello).digest() + challenge).digest()
