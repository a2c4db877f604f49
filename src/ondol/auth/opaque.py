"""Tokens that mean nothing by themselves: random, handed out once, stored as hashes only."""

import hashlib
import secrets


def new_token() -> str:
    """256 random bits, as 43 characters that a URL may hold."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """What is stored. A plain SHA-256 suffices: the token itself is random, so nobody can try them all."""
    return hashlib.sha256(token.encode(errors="replace")).digest()
