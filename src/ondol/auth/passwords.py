"""Password hashing outside the event loop, in a bounded thread pool with a bounded queue.

Use it wherever a password is set or checked. Argon2id with OWASP's parameters is the default, bcrypt a setting. A hash
with another scheme or parameters still verifies and is replaced at the next login (OWASP Password Storage Cheat Sheet).

    from ondol.auth.passwords import PasswordHasher
    hasher = PasswordHasher()
    hashed = await hasher.hash("ondol is warm")
    assert await hasher.verify("ondol is warm", hashed) == (True, None)
    hasher.close()
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
from typing import Literal, TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from ondol.auth.options import ARGON2_ITERATIONS, ARGON2_MEMORY_KIB, BCRYPT_ROUNDS, DEFAULT_QUEUE, AuthSettings
from ondol.errors import Unavailable

R = TypeVar("R")
Scheme = Literal["argon2", "bcrypt"]

MIN_LENGTH, MAX_LENGTH = 8, 128
BCRYPT_MAX_BYTES = 72
_KNOWN_HASHES = ("$argon2id$", "$2a$", "$2b$", "$2y$")
_NICENESS = 10


class TooManyLogins(Unavailable):
    """The queue of passwords to hash is full."""

    code = "too_many_logins"
    detail = "Too many logins at the moment. Try again shortly."


class PasswordHasher:
    """Hash and verify passwords.

    `threads` limits the cores (and 19 MiB of memory each) that a burst of logins takes, `queue` the logins that wait
    for a thread. Both methods raise TooManyLogins if the queue is full.
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
        argon2 = Argon2Hasher(time_cost=argon2_iterations, memory_cost=argon2_memory_kib, parallelism=1)
        bcrypt = BcryptHasher(rounds=bcrypt_rounds)
        self._hasher = PasswordHash((argon2, bcrypt) if scheme == "argon2" else (bcrypt, argon2))
        self._decoy = _decoy(scheme, argon2_memory_kib, argon2_iterations, bcrypt_rounds)
        self._threads = threads
        self._places = threading.Semaphore(threads + queue)
        self._pool: ThreadPoolExecutor | None = None

    async def hash(self, password: str) -> str:
        """Return the hash to store, with its salt and parameters (PHC string format; bcrypt: `$2b$`)."""
        return await self._run(lambda: self._hash(password))

    async def verify(self, password: str, hashed: str | None) -> tuple[bool, str | None]:
        """Return whether the password matches, and a new hash to store if the stored one is outdated.

        The result is False, after the same work, if `hashed` is None (unknown account), if the password is impossible
        (too long, because NFKC takes quadratic time on some text, or not Unicode text), or if the stored hash has
        another format (the account logs in by other means).
        """
        possible = hashed is not None and hashed.startswith(_KNOWN_HASHES) and is_possible(password)
        attempt, stored = (password, hashed) if hashed is not None and possible else ("", self._decoy)
        valid, better = await self._run(lambda: self._verify(attempt, stored))
        return (valid, better) if possible else (False, None)

    def hash_now(self, password: str) -> str:
        """Hash a password in the calling thread, for scripts."""
        return self._hash(password)

    def close(self) -> None:
        """Stop the threads. The next call of `hash` or `verify` starts them again."""
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
        # The place is freed when the thread ends, not when the request does: cancelling a request does not stop it.
        hashing.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(hashing)

    def _hash(self, password: str) -> str:
        return self._hasher.hash(_prepare(password, self._scheme))

    def _verify(self, password: str, hashed: str) -> tuple[bool, str | None]:
        stored: Scheme = "argon2" if hashed.startswith("$argon2") else "bcrypt"
        valid, _ = self._hasher.verify_and_update(_prepare(password, stored), hashed)
        outdated = stored != self._scheme or self._hasher.current_hasher.check_needs_rehash(hashed)
        return valid, self._hash(password) if valid and outdated else None


def hasher_for(auth: AuthSettings) -> PasswordHasher:
    """Return the hasher that the settings AUTH__… describe."""
    return PasswordHasher(
        auth.password_hash,
        threads=auth.hashing_threads,
        queue=auth.hashing_queue,
        argon2_memory_kib=auth.argon2_memory_kib,
        argon2_iterations=auth.argon2_iterations,
        bcrypt_rounds=auth.bcrypt_rounds,
    )


def _decoy(scheme: Scheme, memory_kib: int, iterations: int, rounds: int) -> str:
    """Return a hash to verify against if the account does not exist, so that timing is equal. No password matches."""
    if scheme == "argon2":
        return f"$argon2id$v=19$m={memory_kib},t={iterations},p=1${'A' * 22}${'A' * 43}"
    return f"$2b${rounds:02d}${'.' * 53}"


def _yield_to_others() -> None:
    """Lower the priority of a hashing thread below the event loop's, so that a burst of logins hardly slows requests
    without a hash. Only Linux has priorities for threads."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def is_possible(password: str) -> bool:
    """Return whether this can be a password: within the limit, without NUL and lone surrogates."""
    return len(password) <= MAX_LENGTH and not any(
        character == "\0" or "\ud800" <= character <= "\udfff" for character in password
    )


def _prepare(password: str, scheme: Literal["argon2", "bcrypt"]) -> bytes:
    """Return the bytes to hash: in NFKC, so that a password from another keyboard is the same (NIST SP 800-63B).

    bcrypt reads 72 bytes (24 Hangul syllables): a longer password is digested first, never truncated.
    """
    normalised = unicodedata.normalize("NFKC", password).encode()
    if scheme == "bcrypt" and len(normalised) > BCRYPT_MAX_BYTES:
        return base64.b64encode(hashlib.sha256(normalised).digest())
    return normalised
