"""Keys derived from the secrets of a service, and opaque tokens: random, handed out once, stored only as hashes.

Use a token for a link in a mail or an API key, and a derived key wherever a secret would serve two purposes.

    from ondol.keys import digest, new_token
    token = new_token()  # for the client
    stored = digest(token)  # for the database
    assert digest(token) == stored
"""

import hashlib
import secrets


def derived(purpose: str, *keys: bytes) -> list[bytes]:
    """Derive one key per input key, bound to `purpose`: a signature for one purpose is invalid for every other."""
    return [hashlib.sha256(f"ondol.{purpose}:".encode() + key).digest() for key in keys]


def key_id(key: str) -> str:
    """Return an identifier that does not reveal the key (the `kid` of RFC 7515, section 4.1.4)."""
    return derived("kid", key.encode())[0].hex()[:16]


def new_token() -> str:
    """Return 256 random bits as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """Return the hash to store. Plain SHA-256 suffices: a random token cannot be found by trying them all."""
    return hashlib.sha256(token.encode(errors="replace")).digest()
