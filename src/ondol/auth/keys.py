"""What is made of the secrets of a service."""

import hashlib


def derived(purpose: str, *keys: bytes) -> list[bytes]:
    """For each key one that is of use for this purpose alone: what is signed with it is worth nothing elsewhere."""
    return [hashlib.sha256(f"ondol.{purpose}:".encode() + key).digest() for key in keys]


def key_id(key: str) -> str:
    """Names a key without telling it (the `kid` of RFC 7515, section 4.1.4)."""
    return derived("kid", key.encode())[0].hex()[:16]
