"""Sample data for development: `ondol db seed`. Uses synchronous SQLAlchemy with the same models and settings."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product as pairs
from uuid import UUID

from ondol.auth.passwords import PasswordHasher
from sqlalchemy.orm import Session

from app.models import Order, OrderLine, Product, User
from app.schemas.orders import OrderStatus
from app.scopes import Role

ADMIN_ID = UUID("01900000-0000-7000-8000-000000000001")
ADMIN_PASSWORD, CUSTOMER_PASSWORD = "ondol-demo-admin", "ondol-demo-customer"
LOGINS = {"admin@example.com": ADMIN_PASSWORD, "customer1@example.com": CUSTOMER_PASSWORD}
CUSTOMERS, PRODUCTS, ORDERS = 50, 1_000, 300

_QUALITIES = ("가벼운", "튼튼한", "작은", "조용한", "새", "Classic", "Compact", "Warm", "Wireless", "Foldable")
_THINGS = (
    *("노트북", "키보드", "의자", "책상", "이불", "주전자", "우산", "가방", "스탠드", "담요"),
    *("Laptop", "Keyboard", "Chair", "Desk", "Blanket", "Kettle", "Umbrella", "Backpack", "Lamp", "Speaker"),
)
_FAMILY_NAMES, _GIVEN_NAMES = ("김", "이", "박", "최", "정"), ("서연", "민준", "지우", "하은", "도윤", "수아", "예준")


def seed(session: Session, passwords: PasswordHasher) -> str:
    """Fill an empty database and return a summary. Do nothing if the sample admin exists."""
    if session.get(User, ADMIN_ID) is not None:
        return "The sample data already exists."
    chance = random.Random(2026)  # noqa: S311  (the same data every time)
    customers = _users(session, passwords)
    products = _products(session, chance)
    session.flush()
    _orders(session, chance, customers, products)
    return f"1 admin, {CUSTOMERS} customers, {PRODUCTS} products and {ORDERS} orders."


def _users(session: Session, passwords: PasswordHasher) -> list[User]:
    # One hash for all customers: 50 hashes would take as long as 50 logins.
    admin, customer = passwords.hash_now(ADMIN_PASSWORD), passwords.hash_now(CUSTOMER_PASSWORD)
    session.add(
        User(id=ADMIN_ID, email="admin@example.com", full_name="관리자", hashed_password=admin, role=Role.ADMIN)
    )
    names = list(pairs(_FAMILY_NAMES, _GIVEN_NAMES))
    customers = [
        User(
            email=f"customer{number}@example.com",
            full_name="".join(names[number % len(names)]),
            hashed_password=customer,
            role=Role.CUSTOMER,
        )
        for number in range(1, CUSTOMERS + 1)
    ]
    session.add_all(customers)
    return customers


def _products(session: Session, chance: random.Random) -> list[Product]:
    names = [f"{quality} {thing}" for quality, thing in pairs(_QUALITIES, _THINGS)]
    products = [
        Product(
            name=f"{names[number % len(names)]} {number // len(names) + 1}",
            description="새 노트북을 샀다는 후기가 많은 상품입니다." if number % 7 == 0 else "A sample product.",
            price=Decimal(chance.randrange(5_000, 2_000_000, 100)),
            currency="KRW",
            stock=chance.choice([0, 3, 10, 50, 200, 1_000]),
        )
        for number in range(PRODUCTS)
    ]
    session.add_all(products)
    return products


def _orders(session: Session, chance: random.Random, customers: list[User], products: list[Product]) -> None:
    now = datetime.now(UTC)
    for _ in range(ORDERS):
        chosen = chance.sample(products, chance.randint(1, 4))
        lines = [
            OrderLine(product_id=item.id, position=position, quantity=chance.randint(1, 3), unit_price=item.price)
            for position, item in enumerate(chosen)
        ]
        order = Order(
            customer_id=chance.choice(customers).id,
            status=OrderStatus.CANCELLED if chance.random() < 0.05 else OrderStatus.PLACED,
            total=sum((line.quantity * line.unit_price for line in lines), Decimal()),
            currency="KRW",
            created_at=now - timedelta(minutes=chance.randrange(30 * 24 * 60)),
            lines=lines,
        )
        session.add(order)
