"""What is made of the secrets of a service; and tokens that mean nothing by themselves: random, handed out once, stored
as hashes only."""

import hashlib
import secrets


def derived(purpose: str, *keys: bytes) -> list[bytes]:
    """For each key one that is of use for this purpose alone: what is signed with it is worth nothing elsewhere."""
    return [hashlib.sha256(f"ondol.{purpose}:".encode() + key).digest() for key in keys]


def key_id(key: str) -> str:
    """Names a key without telling it (the `kid` of RFC 7515, section 4.1.4)."""
    return derived("kid", key.encode())[0].hex()[:16]


def new_token() -> str:
    """256 random bits, as 43 characters that a URL may hold."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """What is stored. A plain SHA-256 suffices: the token itself is random, so nobody can try them all."""
    return hashlib.sha256(token.encode(errors="replace")).digest()
