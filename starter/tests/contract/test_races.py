"""Many at once, over HTTP: one wins, the others are told so, and nothing is lost."""

import asyncio
import json
from collections import Counter
from typing import Any

import httpx2
import jwt
from sqlalchemy import select, update

from app.models import MailedToken, Product, User
from app.models.mailed_tokens import Purpose
from app.scopes import Role
from operations import PASSWORD
from people import mailed_token, people

MANY = 20


async def at_once(service: Any, *requests: tuple[str, str, dict[str, Any]]) -> list[httpx2.Response]:
    async with httpx2.AsyncClient(base_url=service.base, timeout=30) as client:
        return list(await asyncio.gather(*(client.request(method, url, **rest) for method, url, rest in requests)))


def account(token: str) -> dict[str, str]:
    return {"token": token, "password": PASSWORD, "full_name": "n"}


async def test_a_mailed_token_is_good_once_also_twenty_times_at_once(service: Any) -> None:
    token = mailed_token(service.database, Purpose.REGISTRATION)
    answers = await at_once(service, *[("POST", "/api/v1/auth/register/confirm", {"json": account(token)})] * MANY)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: MANY - 1}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 400} == {"invalid_token"}


async def test_twenty_registrations_of_one_address_make_one_account(service: Any) -> None:
    tokens = [mailed_token(service.database, Purpose.REGISTRATION) for _ in range(MANY)]
    with service.database.transaction() as session:
        session.execute(update(MailedToken).values(email="race@example.com"))
    confirm = "/api/v1/auth/register/confirm"
    answers = await at_once(service, *(("POST", confirm, {"json": account(token)}) for token in tokens))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: MANY - 1}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"email_taken"}


async def test_administrators_who_demote_each_other_leave_one(service: Any) -> None:
    admins = people(service.database, 4, Role.ADMIN)
    with service.database.transaction() as session:
        session.execute(update(User).where(User.role == Role.ADMIN).values(is_active=False))
        ids = [
            service_account["sub"]
            for service_account in (
                jwt.decode(each["Authorization"].split()[1], options={"verify_signature": False}) for each in admins
            )
        ]
        session.execute(update(User).where(User.id.in_(ids)).values(is_active=True))
    requests = [
        ("PATCH", f"/api/v1/users/{ids[(number + 1) % 4]}", {"headers": headers, "json": {"role": "customer"}})
        for number, headers in enumerate(admins)
    ]
    answers = await at_once(service, *requests)
    assert {answer.status_code for answer in answers} <= {200, 401, 403, 409}
    with service.database.transaction() as session:
        left = session.scalars(select(User.id).where(User.role == Role.ADMIN, User.is_active)).all()
        session.execute(update(User).where(User.role == Role.ADMIN).values(is_active=True))
    assert len(left) >= 1


async def test_of_many_changes_to_one_version_one_wins(service: Any) -> None:
    product = service.call("POST", "/api/v1/products", {"name": "n", "price": "1.00"})
    url, headers = f"/api/v1/products/{product['id']}", {**service.admin, "If-Match": '"v1"'}
    changes = [("PATCH", url, {"headers": headers, "json": {"name": f"n{number}"}}) for number in range(MANY)]
    answers = await at_once(service, *changes)
    counted = Counter(answer.status_code for answer in answers)
    assert counted[200] == 1
    assert counted[409] + counted[412] == MANY - 1
    [winner] = [answer.json() for answer in answers if answer.status_code == 200]
    assert json.loads(service.send("GET", url).body)["name"] == winner["name"]


async def test_no_change_is_lost_that_was_acknowledged(service: Any) -> None:
    """Without If-Match: whoever changes another field meanwhile is either kept or told."""
    product = service.call("POST", "/api/v1/products", {"name": "n", "price": "1.00"})
    url = f"/api/v1/products/{product['id']}"
    fields: list[dict[str, Any]] = [{"name": "new"}, {"price": "2.00"}, {"stock": 5}, {"description": "d"}]
    answers = await at_once(service, *(("PATCH", url, {"headers": service.admin, "json": field}) for field in fields))
    now = json.loads(service.send("GET", url).body)
    for field, answer in zip(fields, answers, strict=True):
        assert answer.status_code in (200, 409)
        for name, value in field.items():
            assert (now[name] == value) == (answer.status_code == 200)


async def test_carts_in_opposite_order_meet_no_deadlock(service: Any) -> None:
    ids = [service.call("POST", "/api/v1/products", {"name": "n", "price": "1", "stock": 1_000})["id"] for _ in "ab"]
    buyers = people(service.database, 2 * MANY)
    orders = []
    for number, headers in enumerate(buyers):
        cart = ids if number % 2 else ids[::-1]
        lines = [{"product_id": product_id, "quantity": 1} for product_id in cart]
        orders.append(("POST", "/api/v1/orders", {"headers": headers, "json": {"lines": lines}}))
    answers = await at_once(service, *orders)
    assert Counter(answer.status_code for answer in answers) == {201: 2 * MANY}
    with service.database.transaction() as session:
        stocks = session.scalars(select(Product.stock).where(Product.id.in_(ids))).all()
    assert stocks == [1_000 - 2 * MANY] * 2
