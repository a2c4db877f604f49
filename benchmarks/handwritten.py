"""The same logins and requests by hand: Starlette, psycopg, PyJWT, argon2-cffi. `uvicorn handwritten:app`."""

import asyncio
import hashlib
import os
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

SECRET = "a secret of the benchmark, forty characters"
hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
threads = ThreadPoolExecutor(2)


async def token(request: Request) -> Response:
    form = await request.form()
    async with request.app.state.pool.connection() as connection:
        found = await connection.execute(
            "SELECT id, hashed_password FROM users WHERE email = %s AND is_active", [form["username"]]
        )
        row = await found.fetchone()
    if row is None:
        return JSONResponse({"detail": "wrong"}, 401)
    user_id, hashed = row
    try:
        await asyncio.get_running_loop().run_in_executor(threads, hasher.verify, hashed, str(form["password"]))
    except VerifyMismatchError:
        return JSONResponse({"detail": "wrong"}, 401)
    session_id, refresh = uuid4(), secrets.token_urlsafe(32)
    async with request.app.state.pool.connection() as connection:
        await connection.execute(
            "INSERT INTO login_sessions (id, user_id, scopes, expires_at) VALUES (%s, %s, '', %s)",
            [session_id, user_id, datetime.now(UTC) + timedelta(days=30)],
        )
        await connection.execute(
            "INSERT INTO refresh_tokens (id, session_id, digest) VALUES (%s, %s, %s)",
            [uuid4(), session_id, hashlib.sha256(refresh.encode()).digest()],
        )
    claims = {"sub": str(user_id), "sid": str(session_id), "exp": int(time.time()) + 600}
    access = jwt.encode(claims, SECRET, algorithm="HS256")
    return JSONResponse({"access_token": access, "token_type": "bearer", "refresh_token": refresh})


async def anonymous(request: Request) -> Response:
    return JSONResponse({"ok": True})


async def authenticated(request: Request) -> Response:
    _, _, bearer = request.headers.get("Authorization", "").partition(" ")
    try:
        jwt.decode(bearer, SECRET, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        return JSONResponse({"detail": "no"}, 401)
    return JSONResponse({"ok": True})


@asynccontextmanager
async def lifespan(app: Starlette):  # type: ignore[no-untyped-def]
    async with AsyncConnectionPool(os.environ["DATABASE_URL"], min_size=10, max_size=15, open=False) as app.state.pool:
        yield


app = Starlette(
    routes=[
        Route("/token", token, methods=["POST"]),
        Route("/anonymous", anonymous),
        Route("/authenticated", authenticated),
    ],
    lifespan=lifespan,
)
