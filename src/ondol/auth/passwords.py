"""Password hashing off the event loop, on a bounded pool with a bounded queue.

Argon2id with OWASP's parameters by default, bcrypt by setting; a hash of the other kind, or with other parameters,
still verifies and is replaced at the next login (OWASP Password Storage Cheat Sheet).
"""

import asyncio
import base64
import hashlib
import os
import sys
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Literal, TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from ondol.auth.options import ARGON2_ITERATIONS, ARGON2_MEMORY_KIB, BCRYPT_ROUNDS, DEFAULT_QUEUE
from ondol.errors import Unavailable

R = TypeVar("R")
Scheme = Literal["argon2", "bcrypt"]

MIN_LENGTH, MAX_LENGTH = 8, 128
BCRYPT_MAX_BYTES = 72
_KNOWN_HASHES = ("$argon2id$", "$2a$", "$2b$", "$2y$")
_NICENESS = 10


class TooManyLogins(Unavailable):
    """More passwords wait to be hashed than can be soon."""

    code = "too_many_logins"
    detail = "Too many logins at the moment. Try again shortly."


class PasswordHasher:
    """Hashes and verifies.

    `threads` bounds how many cores (and 19 MiB of memory each) a burst of logins takes; `queue` how many may wait for
    them: for one more TooManyLogins is raised.
    """

    def __init__(
        self,
        scheme: Scheme = "argon2",
        *,
        threads: int = 2,
        queue: int = DEFAULT_QUEUE,
        argon2_memory_kib: int = ARGON2_MEMORY_KIB,
        argon2_iterations: int = ARGON2_ITERATIONS,
        bcrypt_rounds: int = BCRYPT_ROUNDS,
    ) -> None:
        self._scheme = scheme
        self._hasher, self._decoy = _hasher_and_decoy(scheme, argon2_memory_kib, argon2_iterations, bcrypt_rounds)
        self._threads = threads
        self._places = threading.Semaphore(threads + queue)
        self._pool: ThreadPoolExecutor | None = None

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self._hash(password))

    async def verify(self, password: str, hashed: str | None) -> tuple[bool, str | None]:
        """Whether it is the password, and a better hash to store instead, if there is one.

        `hashed=None` (no such account) is False, after the same work; so is what cannot be a password: too long (NFKC
        takes quadratic time on some text), or no Unicode text at all; and so is everything for an account whose stored
        hash is none of ours (one that logs in by other means).
        """
        possible = hashed is not None and hashed.startswith(_KNOWN_HASHES) and is_possible(password)
        attempt, stored = (password, hashed) if hashed is not None and possible else ("", self._decoy)
        valid, better = await self._run(lambda: self._verify(attempt, stored))
        return (valid, better) if possible else (False, None)

    def hash_now(self, password: str) -> str:
        """The same as `hash`, blocking: for scripts."""
        return self._hash(password)

    def close(self) -> None:
        """Ends the threads; they are made anew when somebody hashes again."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    async def _run(self, work: Callable[[], R]) -> R:
        if not self._places.acquire(blocking=False):
            raise TooManyLogins
        if self._pool is None:
            self._pool = ThreadPoolExecutor(
                self._threads, thread_name_prefix="ondol-hash", initializer=_yield_to_others
            )
        hashing = self._pool.submit(work)
        # Not when the request ends: one that is cancelled leaves its thread at work.
        hashing.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(hashing)

    def _hash(self, password: str) -> str:
        return self._hasher.hash(_prepare(password, self._scheme))

    def _verify(self, password: str, hashed: str) -> tuple[bool, str | None]:
        stored: Scheme = "argon2" if hashed.startswith("$argon2") else "bcrypt"
        valid, _ = self._hasher.verify_and_update(_prepare(password, stored), hashed)
        outdated = stored != self._scheme or self._hasher.current_hasher.check_needs_rehash(hashed)
        return valid, self._hash(password) if valid and outdated else None


@cache
def _hasher_and_decoy(scheme: Scheme, memory_kib: int, iterations: int, rounds: int) -> tuple[PasswordHash, str]:
    """The decoy is verified against when the account does not exist, so that this takes as long as when it does."""
    argon2 = Argon2Hasher(time_cost=iterations, memory_cost=memory_kib, parallelism=1)
    bcrypt = BcryptHasher(rounds=rounds)
    hasher = PasswordHash((argon2, bcrypt) if scheme == "argon2" else (bcrypt, argon2))
    return hasher, hasher.hash(_prepare("no such account", scheme))


def _yield_to_others() -> None:
    """Threads that hash give way to the event loop (Linux alone has a priority for each thread): requests that need
    no hash then hardly notice a burst of logins."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def is_possible(password: str) -> bool:
    """Whether this could be anybody's password: not over the limit, without NUL and lone surrogates."""
    return len(password) <= MAX_LENGTH and not any(
        character == "\0" or "\ud800" <= character <= "\udfff" for character in password
    )


def _prepare(password: str, scheme: Literal["argon2", "bcrypt"]) -> bytes:
    """The bytes to hash: NFKC, so that the same password typed on another keyboard is the same (NIST SP 800-63B).

    bcrypt reads 72 bytes (24 letters of Hangul): a longer password is digested first, never cut.
    """
    normalised = unicodedata.normalize("NFKC", password).encode()
    if scheme == "bcrypt" and len(normalised) > BCRYPT_MAX_BYTES:
        return base64.b64encode(hashlib.sha256(normalised).digest())
    return normalised
