"""Invalid access tokens are refused by both workers."""

import asyncio
import base64
import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx2
import jwt
import pytest

from ondol.auth.options import AuthSettings
from ondol.keys import key_id, new_token
from ondol.testing.contract import AUTH, FORM, ME
from ondol.testing.contract.fixtures import Rig
from ondol.testing.contract.service import Service

SECRET = AuthSettings().secret_key.get_secret_value()
KID = key_id(SECRET)


def signed(
    claims: dict[str, Any], key: str = SECRET, algorithm: str = "HS256", headers: dict[str, Any] | None = None
) -> str:
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": KID} if headers is None else headers)


def changed(**claims: Any) -> Callable[[dict[str, Any]], str]:
    """Return a function that signs a token with these claims changed. None removes a claim."""
    return lambda own: signed({name: value for name, value in {**own, **claims}.items() if value is not None})


def at(claim: str, seconds: int) -> Callable[[dict[str, Any]], str]:
    """Return a function that signs a token with `claim` set to `seconds` from now."""
    return lambda own: signed({**own, claim: int(time.time()) + seconds})


def parts(header: dict[str, Any], own: dict[str, Any], signature: str = "") -> str:
    """Return a token that libraries refuse to create."""
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, own)]
    return ".".join([*encoded, signature])


CHECKS: dict[str, Callable[[dict[str, Any]], str]] = {
    # RFC 8725, 3.1 and 3.2: the service chooses the algorithm
    "unsigned: alg none · RFC 8725 2.1": lambda own: parts({"alg": "none", "kid": KID}, own),
    "unsigned: alg None · RFC 8725 2.1": lambda own: parts({"alg": "NoNe", "kid": KID}, own, "AA"),
    "another HMAC · RFC 8725 3.1": lambda own: signed(own, algorithm="HS512"),
    "an asymmetric header · RFC 8725 2.1": lambda own: parts({"alg": "RS256", "kid": KID}, own, "AA"),
    "no signature · RFC 7515 5.2": lambda own: signed(own).rpartition(".")[0] + ".",
    "a changed signature · RFC 7515 5.2": lambda own: signed(own)[:-4] + "AAAA",
    "another's payload · RFC 7515 5.2": lambda own: ".".join(
        [signed(own).split(".")[0], signed({**own, "sub": own["sid"]}).split(".")[1], signed(own).split(".")[2]]
    ),
    # RFC 7515, 4.1: keys in the header are ignored
    "no key named · RFC 7515 4.1.4": lambda own: signed(own, headers={}),
    "a key of its own named · RFC 7515 4.1.4": lambda own: signed(own, key="k" * 40, headers={"kid": key_id("k" * 40)}),
    "a path as the key · RFC 8725 3.10": lambda own: parts({"alg": "HS256", "kid": "../../dev/null"}, own, "AA"),
    "a key inside · RFC 7515 4.1.3": lambda own: signed(
        own, key="k" * 40, headers={"kid": KID, "jwk": {"kty": "oct", "k": "a2tra2tra2tra2tra2tra2tra2tra2tr"}}
    ),
    "a key elsewhere · RFC 8725 3.10": lambda own: signed(
        own, key="k" * 40, headers={"kid": KID, "jku": "http://127.0.0.1:1/keys"}
    ),
    "a critical header · RFC 7515 4.1.11": lambda own: signed(own, headers={"kid": KID, "crit": ["exp"], "exp": 1}),
    # RFC 7519, 4.1; RFC 8725, 3.8 to 3.12
    "expired · RFC 7519 4.1.4": at("exp", -60),
    "not valid yet · RFC 7519 4.1.5": at("nbf", 600),
    "from the future · RFC 7519 4.1.6": at("iat", 600),
    "never expires · RFC 7519 4.1.4": changed(exp=None),
    "expires in text · RFC 7519 2": changed(exp="tomorrow"),
    "for somebody else · RFC 8725 3.9": changed(aud="another-service"),
    "for nobody · RFC 8725 3.9": changed(aud=None),
    "by somebody else · RFC 8725 3.8": changed(iss="another-service"),
    "by nobody · RFC 8725 3.8": changed(iss=None),
    "of another type · RFC 8725 3.11": changed(typ="refresh"),
    "of no type · RFC 8725 3.11": changed(typ=None),
    "without an id · RFC 9068 2.2": changed(jti=None),
    "without iat · RFC 9068 2.2": changed(iat=None),
    "without nbf": changed(nbf=None),
    "without a session": changed(sid=None),
    "without an account · RFC 9068 2.2": changed(sub=None),
    "an account that is no id": changed(sub="1 OR 1=1"),
    "a session that is no id": changed(sid="1"),
    "a session that is not there": changed(sid="01900000-0000-7000-8000-000000000001"),
    # Not a JWT · RFC 6750 3.1
    "hardly anything": lambda own: "-",
    "dots": lambda own: "..",
    "a long one": lambda own: "a" * 7_000,
    "not Base64": lambda own: "%%%.%%%.%%%",
    "no JSON": lambda own: "YQ.YQ.YQ",
    "a list": lambda own: "W10.W10.W10",
    "two parts": lambda own: ".".join(signed(own).split(".")[:2]),
    "five parts (JWE)": lambda own: signed(own) + ".a.b",
    "twice": lambda own: f"{signed(own)} {signed(own)}",
}


@pytest.mark.filterwarnings("ignore:The HMAC key")  # too short for HS512, which must be refused anyway
@pytest.mark.parametrize("check", CHECKS)
def test_it_is_refused(rig: Rig, check: str) -> None:
    [headers] = rig.people(1)
    own = jwt.decode(headers["Authorization"].split()[1], options={"verify_signature": False})
    for worker in (0, 1):
        with rig.client(worker) as client:
            good = client.get(ME, headers={"Authorization": f"Bearer {signed(own)}"})
            assert good.status_code == 200
            answer = client.get(ME, headers={"Authorization": f"Bearer {CHECKS[check](own)}"})
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
            assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_of_another_purpose_is_no_access_token(rig: Rig) -> None:
    """ASVS 9.2.2: refresh, device, mailed and access tokens are not interchangeable."""
    with rig.client() as client:
        email = rig.new_address()
        form = {"username": email, "password": "correct horse battery"}
        answer = client.post("/api/v1/auth/token", data=form)
        tokens, device = answer.json(), answer.cookies["__Host-device"]
        mailed = rig.fresh_tokens()
        for token in (tokens["refresh_token"], device, *mailed, new_token()):
            assert client.get(ME, headers={"Authorization": f"Bearer {token}"}).status_code == 401
        for token in (tokens["access_token"][:200], device[:200], *mailed):
            assert client.post("/api/v1/auth/refresh", json={"refresh_token": token}).status_code == 401
        for path, more in {
            "register": {"password": "another long one", "full_name": "n"},
            "password-reset": {"new_password": "another long one"},
            "email-change": {},
        }.items():
            if not rig.serves(f"{AUTH}/{path}"):
                continue
            for token in (tokens["refresh_token"], tokens["access_token"][:200], device[:200]):
                assert client.post(f"{AUTH}/{path}/confirm", json={"token": token, **more}).status_code == 400


def test_a_token_goes_only_where_it_should(rig: Rig) -> None:
    """RFC 6750, 2.3 and RFC 9700, 4.3.2: not in the query, which gets into logs, nor in the body."""
    [headers] = rig.people(1)
    token = headers["Authorization"].split()[1]
    with rig.client() as client:
        assert client.get(ME, params={"access_token": token}).status_code == 401
        answer = client.post("/api/v1/auth/logout", content=f"access_token={token}", headers={"Content-Type": FORM})
        assert answer.status_code == 401
        assert client.get(ME, headers=headers).status_code == 200


async def test_what_is_used_up_is_good_once_also_twenty_times_at_once(rig: Rig, service: Service) -> None:
    """API6: a mailed token works once, over both workers."""
    for operation in service.document.operations:
        make = rig.contract.fresh.get(operation.id)
        if make is None or operation.body is None:
            continue
        body = service.right_body(operation, make(rig.database))
        async with httpx2.AsyncClient(timeout=30, limits=httpx2.Limits(max_connections=None)) as client:
            urls = [f"{rig.bases[number % 2]}{operation.path}" for number in range(20)]
            answers = await asyncio.gather(*(client.request(operation.method, url, json=body) for url in urls))
        counted = Counter(answer.status_code // 100 for answer in answers)
        assert counted == {2: 1, 4: 19}, operation.id
