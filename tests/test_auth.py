"""Passwords, tokens and rotation of keys, without servers."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from ondol.auth.caller import Caller
from ondol.auth.devices import DeviceTokens
from ondol.auth.passwords import PasswordHasher, TooManyLogins
from ondol.auth.refresh import RefreshTokens, RefreshVerdict, judge
from ondol.auth.rules import is_common
from ondol.auth.tokens import AccessTokens
from ondol.errors import Unauthorized
from ondol.keys import new_token

KEY = "k" * 32
ID = UUID("01900000-0000-7000-8000-000000000001")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def test_argon2_hashes_with_owasps_parameters_and_verifies() -> None:
    hasher = PasswordHasher()
    hashed = await hasher.hash("비밀번호 하나")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await hasher.verify("비밀번호 하나", hashed) == (True, None)
    assert await hasher.verify("비밀번호 둘", hashed) == (False, None)
    hasher.close()


async def test_the_same_password_typed_on_another_keyboard_is_the_same() -> None:
    hasher = PasswordHasher()
    composed, decomposed = "\uac00\u00e9", "\u1100\u1161e\u0301"
    assert (await hasher.verify(decomposed, await hasher.hash(composed)))[0]
    hasher.close()


async def test_bcrypt_by_setting_reads_long_passwords_whole() -> None:
    hasher = PasswordHasher("bcrypt")
    long = "가" * 40  # 120 bytes
    hashed = await hasher.hash(long)
    assert hashed.startswith("$2b$")
    assert (await hasher.verify(long, hashed))[0]
    assert not (await hasher.verify(long[:-1] + "나", hashed))[0]
    hasher.close()


@pytest.mark.parametrize(("old", "new"), [("bcrypt", "argon2"), ("argon2", "bcrypt")])
async def test_a_hash_of_the_other_kind_verifies_and_is_replaced(old: str, new: str) -> None:
    before, after = PasswordHasher(old), PasswordHasher(new)  # type: ignore[arg-type]
    valid, better = await after.verify("correct horse", await before.hash("correct horse"))
    assert valid
    assert better is not None
    assert await after.verify("correct horse", better) == (True, None)
    before.close()
    after.close()


async def test_an_account_that_does_not_exist_takes_as_long() -> None:
    hasher = PasswordHasher(threads=1)
    hashed = await hasher.hash("x")

    async def seconds(stored: str | None) -> float:
        started = time.process_time()  # another process may take the core away
        assert await hasher.verify("wrong", stored) == (False, None)
        return time.process_time() - started

    ratios = sorted([await seconds(hashed) / await seconds(None) for _ in range(9)])
    assert 0.5 < ratios[4] < 2
    hasher.close()


async def test_hashing_does_not_hold_the_event_loop() -> None:
    hasher, longest = PasswordHasher(threads=1), 0.0
    hashing = asyncio.gather(*(hasher.hash("x") for _ in range(10)))
    while not hashing.done():
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - before)
    assert longest < 0.1
    hasher.close()


async def test_a_full_queue_refuses_instead_of_piling_up() -> None:
    hasher = PasswordHasher(threads=1, queue=2)
    answers = await asyncio.gather(*(hasher.hash("x") for _ in range(10)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [str] * 3 + [TooManyLogins] * 7
    assert (await hasher.hash("x")).startswith("$argon2id$")
    hasher.close()


async def test_a_request_that_ends_while_it_waits_gives_its_place_back() -> None:
    hasher = PasswordHasher(threads=1, queue=1)
    waiting = [asyncio.create_task(hasher.hash("x")) for _ in range(2)]
    await asyncio.sleep(0.001)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    kinds: list[type] = [TooManyLogins]
    async with asyncio.timeout(10):
        while TooManyLogins in kinds:  # the thread of a cancelled request ends at its own pace
            await asyncio.sleep(0.01)
            answers = await asyncio.gather(hasher.hash("x"), hasher.hash("x"), return_exceptions=True)
            kinds = [type(answer) for answer in answers]
    assert kinds == [str, str]
    hasher.close()


async def test_a_hash_with_other_parameters_is_replaced() -> None:
    before, after = PasswordHasher(argon2_iterations=3), PasswordHasher()
    valid, better = await after.verify("correct horse", await before.hash("correct horse"))
    assert valid
    assert better is not None
    assert "t=2" in better
    before.close()
    after.close()


@pytest.mark.parametrize(
    "password",
    ["password", "PASSWORD", "qwertyuiop", "１２３４５６７８", "dkssudgktpdy", "비밀번호비밀번호", "ㅋ" * 10],
)
def test_what_everybody_tries_first_is_common(password: str) -> None:
    assert is_common(password)


def test_what_one_would_choose_is_not_common() -> None:
    assert not any(is_common(password) for password in ("correct horse battery", "오늘 점심은 김치찌개", "x9$kQ2!mVb"))
    assert is_common("jiwoo@example.com", context=("Jiwoo@Example.com",))


def test_a_device_is_known_to_one_account() -> None:
    old, new = DeviceTokens(b"o" * 32), DeviceTokens(b"n" * 32, b"o" * 32)
    token = old.issue("a@example.com")
    assert new.device_of(token, "a@example.com") == old.device_of(token, "a@example.com") is not None
    assert old.device_of(old.issue("a@example.com"), "a@example.com") != old.device_of(token, "a@example.com")
    for other, account in ((token, "b@example.com"), (token + "x", "a@example.com"), ("", "a@example.com")):
        assert old.device_of(other, account) is None
    assert DeviceTokens(b"x" * 32).device_of(token, "a@example.com") is None


def test_tokens_say_who_and_for_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = AccessTokens(KEY, issuer="i", audience="a", lifetime_seconds=60)
    token = tokens.issue(user_id=ID, session_id=ID, scopes=frozenset({"b", "a"}))
    claims = tokens.verify(token)
    assert (claims.user_id, claims.session_id, claims.scopes) == (ID, ID, frozenset({"a", "b"}))
    real = time.time()
    monkeypatch.setattr(time, "time", lambda: real + 61)
    with pytest.raises(Unauthorized):
        tokens.verify(token)  # even if it was verified before


def test_the_successor_of_a_refresh_token_is_always_the_same_and_needs_the_key() -> None:
    tokens, others = RefreshTokens(b"k" * 32), RefreshTokens(b"o" * 32)
    first = new_token()
    assert tokens.successors(first) == tokens.successors(first) != others.successors(first)
    assert len({new_token() for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("used", "expires", "revoked", "verdict"),
    [
        (None, 60, None, RefreshVerdict.ROTATE),
        (-5, 60, None, RefreshVerdict.REPEAT),
        (-11, 60, None, RefreshVerdict.REUSED),
        (None, 0, None, RefreshVerdict.REFUSED),
        (None, 60, -1, RefreshVerdict.REFUSED),
        (-5, 60, -1, RefreshVerdict.REFUSED),
    ],
)
def test_verdicts(used: int | None, expires: int, revoked: int | None, verdict: RefreshVerdict) -> None:
    def at(seconds: int | None) -> datetime | None:
        return None if seconds is None else NOW + timedelta(seconds=seconds)

    found = judge(
        used_at=at(used),
        expires_at=NOW + timedelta(seconds=expires),
        revoked_at=at(revoked),
        now=NOW,
        retry_seconds=10,
    )
    assert found is verdict


def test_missing_scopes_are_named() -> None:
    caller = Caller(ID, ID, frozenset({"a"}))
    assert caller.refusal(["a"]) is None
    refusal = caller.refusal(["a", "c", "b"])
    assert refusal is not None
    assert refusal.members == {"missing": ["b", "c"]}
