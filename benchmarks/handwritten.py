"""The starter's hot routes, written by hand on the same tables with Starlette, asyncpg, orjson and PyJWT.

It checks tokens and validates bodies. It has no limits, cache, revocation, audit log, access log or request ids.
`uvicorn handwritten:app`.
"""

import asyncio
import base64
import hashlib
import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import jwt
import orjson
from app.schemas.orders import OrderCreate
from app.schemas.products import ProductCreate
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uuid_utils.compat import uuid7

SECRET = os.environ["AUTH__SECRET_KEY"]
hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
threads = ThreadPoolExecutor(2)

PRODUCT = "id, name, description, price, currency, stock, version, created_at, updated_at"
ONE_PRODUCT = f"SELECT {PRODUCT} FROM products WHERE id = $1"
FIRST_PAGE = f"SELECT {PRODUCT} FROM products ORDER BY created_at DESC, id DESC LIMIT $1"
NEXT_PAGE = (
    f"SELECT {PRODUCT} FROM products WHERE (created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT $1"
)
USER = "id, email, full_name, role, is_active, last_seen_at, version, created_at, updated_at"
ME = f"SELECT {USER} FROM users WHERE id = $1"
NEW_PRODUCT = f"""
    INSERT INTO products (id, name, description, price, currency, stock, version) VALUES ($1, $2, $3, $4, $5, $6, 1)
    RETURNING {PRODUCT}
"""
STOCK = "SELECT id, name, price, currency, stock FROM products WHERE id = ANY($1) ORDER BY id FOR UPDATE"
TAKE = """
    UPDATE products SET stock = stock - given.quantity, version = version + 1, updated_at = now()
    FROM unnest($1::uuid[], $2::int[]) AS given (id, quantity) WHERE products.id = given.id
"""
NEW_ORDER = """
    INSERT INTO orders (id, customer_id, status, currency, total, version) VALUES ($1, $2, 'placed', $3, $4, 1)
    RETURNING version, created_at, (SELECT full_name FROM users WHERE id = $2)
"""
LINES = """
    INSERT INTO order_lines (order_id, product_id, position, quantity, unit_price)
    SELECT $1, * FROM unnest($2::uuid[], $3::int[], $4::int[], $5::numeric[])
"""
RECEIPT = """
    SELECT unnest(procrastinate_defer_jobs_v1(ARRAY[
        ROW('default', 'orders.send_receipt', 0, NULL, NULL, $1::jsonb, NULL)::procrastinate_job_to_defer_v1]))
"""


def answer(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content, default=str), status, media_type="application/json")


def subject(request: Request, scope: str) -> UUID | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        claims = jwt.decode(token, SECRET, algorithms=["HS256"], audience="ondol", issuer="ondol")
    except jwt.InvalidTokenError:
        return None
    return UUID(claims["sub"]) if scheme == "Bearer" and scope in claims["scope"].split() else None


async def body(request: Request, type_: type[BaseModel]) -> Any:
    try:
        return type_.model_validate_json(await request.body())
    except ValidationError as error:
        return answer(error.errors(include_input=False, include_context=False), 422)


async def live(request: Request) -> Response:
    return answer({"status": "ok"})


async def get_product(request: Request) -> Response:
    try:
        product_id = UUID(request.path_params["id"])
    except ValueError:
        return answer({"detail": "no UUID"}, 422)
    row = await request.app.state.pool.fetchrow(ONE_PRODUCT, product_id)
    return answer(dict(row)) if row else answer({"detail": "no such product"}, 404)


async def list_products(request: Request) -> Response:
    try:
        limit = int(request.query_params.get("limit", "20"))
        cursor = request.query_params.get("cursor")
        moment, last = base64.urlsafe_b64decode(cursor).decode().split("|") if cursor else (None, None)
        after = [datetime.fromisoformat(moment), UUID(last)] if moment and last else []
    except ValueError:
        return answer({"detail": "no such page"}, 422)
    rows = await request.app.state.pool.fetch(NEXT_PAGE if after else FIRST_PAGE, limit + 1, *after)
    items = [dict(row) for row in rows[:limit]]
    following = None
    if len(rows) > limit:
        following = base64.urlsafe_b64encode(f"{items[-1]['created_at']}|{items[-1]['id']}".encode()).decode()
    return answer({"items": items, "next_cursor": following})


async def me(request: Request) -> Response:
    user_id = subject(request, "account:read")
    if user_id is None:
        return answer({"detail": "no"}, 401)
    return answer(dict(await request.app.state.pool.fetchrow(ME, user_id)))


async def create_product(request: Request) -> Response:
    if subject(request, "products:write") is None:
        return answer({"detail": "no"}, 401)
    data = await body(request, ProductCreate)
    if isinstance(data, Response):
        return data
    values = [data.name, data.description, data.price, data.currency, data.stock]
    return answer(dict(await request.app.state.pool.fetchrow(NEW_PRODUCT, uuid7(), *values)), 201)


async def place_order(request: Request) -> Response:
    customer = subject(request, "orders:write")
    if customer is None:
        return answer({"detail": "no"}, 401)
    data = await body(request, OrderCreate)
    if isinstance(data, Response):
        return data
    ids, quantities = [line.product_id for line in data.lines], [line.quantity for line in data.lines]
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        stock = {row["id"]: row for row in await connection.fetch(STOCK, ids)}
        if any(line.product_id not in stock or stock[line.product_id]["stock"] < line.quantity for line in data.lines):
            return answer({"detail": "not enough"}, 409)
        if len(currencies := {row["currency"] for row in stock.values()}) > 1:
            return answer({"detail": "one currency"}, 409)
        prices = [stock[each]["price"] for each in ids]
        total = sum((price * number for price, number in zip(prices, quantities, strict=True)), Decimal())
        await connection.execute(TAKE, ids, quantities)
        order_id, currency = uuid7(), currencies.pop()
        version, created_at, name = await connection.fetchrow(NEW_ORDER, order_id, customer, currency, total)
        await connection.execute(LINES, order_id, ids, list(range(len(ids))), quantities, prices)
        await connection.execute(RECEIPT, orjson.dumps({"order_id": order_id}).decode())
    lines = [
        {
            "product_id": line.product_id,
            "quantity": line.quantity,
            "unit_price": price,
            "product": {"id": line.product_id, "name": stock[line.product_id]["name"]},
        }
        for line, price in zip(data.lines, prices, strict=True)
    ]
    order = {"id": order_id, "status": "placed", "total": total, "currency": currency, "lines": lines}
    owner = {"customer": {"id": customer, "full_name": name}}
    return answer({**order, **owner, "version": version, "created_at": created_at}, 201)


async def log_in(request: Request) -> Response:
    form = await request.form()
    pool = request.app.state.pool
    row = await pool.fetchrow("SELECT id, hashed_password FROM users WHERE email = $1 AND is_active", form["username"])
    if row is None:
        return answer({"detail": "wrong"}, 401)
    user_id, hashed = row
    try:
        await asyncio.get_running_loop().run_in_executor(threads, hasher.verify, hashed, str(form["password"]))
    except VerifyMismatchError:
        return answer({"detail": "wrong"}, 401)
    session_id, refresh, now = uuid7(), secrets.token_urlsafe(32), datetime.now(UTC)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "INSERT INTO login_sessions (id, user_id, scopes, expires_at) VALUES ($1, $2, '', $3)",
            session_id, user_id, now + timedelta(days=30),
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO refresh_tokens (id, session_id, digest) VALUES ($1, $2, $3)",
            uuid7(), session_id, hashlib.sha256(refresh.encode()).digest(),
        )  # fmt: skip
    claims = {"sub": str(user_id), "sid": str(session_id), "exp": now + timedelta(minutes=10), "scope": ""}
    access = jwt.encode({**claims, "iss": "ondol", "aud": "ondol"}, SECRET, algorithm="HS256")
    return answer({"access_token": access, "token_type": "bearer", "refresh_token": refresh, "expires_in": 600})


async def as_it_is(connection: asyncpg.Connection) -> None:
    """Skip the reset of a connection, which would be one more statement: nothing on it needs one."""


@asynccontextmanager
async def lifespan(app: Starlette):  # type: ignore[no-untyped-def]
    pool = asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=10, max_size=15, reset=as_it_is)
    async with pool as app.state.pool:
        yield


app = Starlette(
    routes=[
        Route("/health/live", live),
        Route("/health/ready", live),
        Route("/api/v1/products", list_products),
        Route("/api/v1/products", create_product, methods=["POST"]),
        Route("/api/v1/products/{id}", get_product),
        Route("/api/v1/users/me", me),
        Route("/api/v1/orders", place_order, methods=["POST"]),
        Route("/api/v1/auth/token", log_in, methods=["POST"]),
    ],
    lifespan=lifespan,
)
