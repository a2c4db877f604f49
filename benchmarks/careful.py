"""The starter's service, written carefully with the documented ways of FastAPI and SQLAlchemy.

It has the starter's features on these routes: request ids, an access log, security headers, a host check, gzip, a time
limit, tokens with login sessions that can be revoked, scopes, a cache for products, signed cursors, jobs in the
order's transaction, limits on logins. Models and schemas are the starter's. `uvicorn careful:app`.
"""

import asyncio
import base64
import os
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

import jwt
import structlog
from app.models import LoginSession, Order, OrderLine, Product, RefreshToken, User
from app.schemas.orders import OrderCreate, OrderRead
from app.schemas.products import ProductCreate, ProductQuery, ProductRead
from app.schemas.users import UserRead
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response, Security
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm, SecurityScopes
from itsdangerous import BadSignature, URLSafeSerializer
from procrastinate import App, PsycopgConnector
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import BaseModel
from redis.asyncio import Redis
from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import selectinload
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

SECRET = os.environ["AUTH__SECRET_KEY"]
IS_CACHED = os.environ.get("SHOP__PRODUCT_CACHE_SECONDS") != "0"
url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")
engine = create_async_engine(url, pool_size=10, max_overflow=5, pool_use_lifo=True)
sessions = async_sessionmaker(engine, expire_on_commit=False)
redis = Redis.from_url(os.environ["REDIS_URL"])
queue = App(connector=PsycopgConnector())
cursors = URLSafeSerializer(SECRET)
hasher = PasswordHash([Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1)])
log = structlog.wrap_logger(
    structlog.PrintLogger(),
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.JSONRenderer(),
    ],
)
oauth2 = OAuth2PasswordBearer("/api/v1/auth/token")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()
    await redis.aclose()


app = FastAPI(lifespan=lifespan)


@app.middleware("http")
async def front(request: Request, proceed: Callable[[Request], Awaitable[Response]]) -> Response:
    request_id, started = request.headers.get("X-Request-ID", uuid.uuid4().hex), time.perf_counter()
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        async with asyncio.timeout(30):
            response = await proceed(request)
        response.headers.update(
            {
                "X-Request-ID": request_id,
                "X-Content-Type-Options": "nosniff",
                "X-Frame-Options": "DENY",
                "Referrer-Policy": "no-referrer",
                "Cache-Control": "no-store",
                "Strict-Transport-Security": "max-age=31536000",
            }
        )
        took = round((time.perf_counter() - started) * 1000, 2)
        log.info("request", method=request.method, path=request.url.path, status=response.status_code, duration_ms=took)
    return response


app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
app.add_middleware(GZipMiddleware, minimum_size=1_000)


async def transaction() -> AsyncIterator[AsyncSession]:
    async with sessions() as session, session.begin():
        yield session


Session = Annotated[AsyncSession, Depends(transaction, scope="function")]


class Caller(BaseModel):
    user_id: uuid.UUID


async def current_user(needed: SecurityScopes, token: Annotated[str, Depends(oauth2)], session: Session) -> Caller:
    try:
        claims = jwt.decode(token, SECRET, algorithms=["HS256"], audience="ondol", issuer="ondol")
    except jwt.InvalidTokenError as error:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"}) from error
    key = f"careful:session:{claims['sid']}"
    state = await redis.get(key)
    if state is None:
        row = await session.get(LoginSession, uuid.UUID(claims["sid"]))
        state = b"alive" if row is not None and row.revoked_at is None else b"ended"
        await redis.set(key, state, ex=60)
    if state != b"alive":
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    if not set(needed.scopes) <= set(claims["scope"].split()):
        raise HTTPException(403)
    return Caller(user_id=claims["sub"])


@app.get("/health/live")
async def live() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/health/ready")
async def ready() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/api/v1/products")
async def list_products(query: Annotated[ProductQuery, Query()], session: Session) -> dict[str, Any]:
    statement = select(Product).order_by(Product.created_at.desc(), Product.id.desc()).limit(query.limit + 1)
    if query.cursor:
        try:
            moment, last = cursors.loads(query.cursor)
        except BadSignature as error:
            raise HTTPException(400) from error
        after = tuple_(datetime.fromisoformat(moment), uuid.UUID(last))
        statement = statement.where(tuple_(Product.created_at, Product.id) < after)
    rows = (await session.scalars(statement)).all()
    items = [ProductRead.model_validate(row) for row in rows[: query.limit]]
    following = (
        cursors.dumps([items[-1].created_at.isoformat(), str(items[-1].id)]) if len(rows) > query.limit else None
    )
    return {"items": items, "next_cursor": following}


@app.get("/api/v1/products/{product_id}")
async def get_product(product_id: uuid.UUID, session: Session, response: Response) -> ProductRead:
    key = f"careful:product:{product_id}"
    if IS_CACHED and (stored := await redis.get(key)) is not None:
        product = ProductRead.model_validate_json(stored)
    else:
        row = await session.get(Product, product_id)
        if row is None:
            raise HTTPException(404)
        product = ProductRead.model_validate(row)
        if IS_CACHED:
            await redis.set(key, product.model_dump_json(), ex=60)
    response.headers["ETag"] = f'"v{product.version}"'
    return product


@app.post("/api/v1/products", status_code=201)
async def create_product(
    data: ProductCreate,
    user: Annotated[Caller, Security(current_user, scopes=["products:write"])],
    session: Session,
    response: Response,
) -> ProductRead:
    product = Product(**data.model_dump())
    session.add(product)
    await session.flush()
    response.headers["ETag"] = f'"v{product.version}"'
    return ProductRead.model_validate(product)


@app.get("/api/v1/users/me")
async def me(user: Annotated[Caller, Security(current_user, scopes=["account:read"])], session: Session) -> UserRead:
    return UserRead.model_validate(await session.get(User, user.user_id))


@app.post("/api/v1/orders", status_code=201)
async def place_order(
    data: OrderCreate, user: Annotated[Caller, Security(current_user, scopes=["orders:write"])], session: Session
) -> OrderRead:
    wanted = {line.product_id: line.quantity for line in data.lines}
    locked = select(Product).where(Product.id.in_(wanted)).order_by(Product.id).with_for_update()
    products = {product.id: product for product in await session.scalars(locked)}
    if set(products) != set(wanted) or any(products[each].stock < number for each, number in wanted.items()):
        raise HTTPException(409)
    if len(currencies := {product.currency for product in products.values()}) > 1:
        raise HTTPException(409)
    total = sum((products[each].price * number for each, number in wanted.items()), Decimal())
    order = Order(customer_id=user.user_id, currency=currencies.pop(), total=total, lines=[])
    for position, (each, number) in enumerate(wanted.items()):
        products[each].stock -= number
        order.lines.append(
            OrderLine(product_id=each, position=position, quantity=number, unit_price=products[each].price)
        )
    session.add(order)
    await session.flush()
    driver = (await (await session.connection()).get_raw_connection()).driver_connection
    await queue.configure_task(name="orders.send_receipt", connection=driver).defer_async(order_id=str(order.id))
    await redis.delete(*(f"careful:product:{each}" for each in wanted))
    loads = selectinload(Order.lines).selectinload(OrderLine.product), selectinload(Order.customer)
    stored = await session.scalar(
        select(Order).where(Order.id == order.id).options(*loads).execution_options(populate_existing=True)
    )
    return OrderRead.model_validate(stored)


@app.post("/api/v1/auth/token")
async def log_in(
    form: Annotated[OAuth2PasswordRequestForm, Depends()], session: Session, request: Request
) -> dict[str, Any]:
    for key in (f"careful:login:{request.client}", f"careful:login:{form.username}"):
        async with redis.pipeline() as pipeline:
            pipeline.incr(key)
            pipeline.expire(key, 60, nx=True)
            used, _ = await pipeline.execute()
        if used > 1_000_000:
            raise HTTPException(429)
    user = await session.scalar(select(User).where(User.email == form.username, User.is_active))
    known = user.hashed_password if user else None
    if known is None or not await asyncio.to_thread(hasher.verify, form.password, known):
        raise HTTPException(401)
    now, refresh = datetime.now(UTC), base64.urlsafe_b64encode(os.urandom(32)).decode()
    started = LoginSession(user_id=user.id, scopes="", expires_at=now + timedelta(days=30))  # type: ignore[union-attr]
    session.add(started)
    await session.flush()
    session.add(RefreshToken(session_id=started.id, digest=os.urandom(32)))
    claims = {"sub": str(started.user_id), "sid": str(started.id), "exp": now + timedelta(minutes=10), "scope": ""}
    access = jwt.encode({**claims, "iss": "ondol", "aud": "ondol"}, SECRET, algorithm="HS256")
    return {"access_token": access, "token_type": "bearer", "refresh_token": refresh, "expires_in": 600}
