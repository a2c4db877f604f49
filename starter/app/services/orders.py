from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from ondol import Conflict, NotFound
from ondol.cache import Cache
from ondol.db.pagination import PageRows, Paginator
from ondol.jobs import enqueue
from sqlalchemy.ext.asyncio import AsyncSession

from app.jobs.orders import send_receipt
from app.models import Order, OrderLine, Product
from app.repositories.orders import OrderRepository
from app.repositories.products import ProductRepository
from app.repositories.users import UserRepository
from app.schemas.orders import OrderCreate, OrderLineCreate, OrderQuery, OrderStatus
from app.services.dashboard import DASHBOARD_TAG
from app.services.products import product_tag


class OrderNotFound(NotFound):
    code = "order_not_found"
    detail = "There is no such order."


class UnknownProducts(Conflict):
    code = "unknown_products"
    detail = "The order names products that do not exist."


class OutOfStock(Conflict):
    code = "out_of_stock"
    detail = "There is not enough stock for this order; nothing was ordered."


class MixedCurrencies(Conflict):
    code = "mixed_currencies"
    detail = "All products of an order must have the same currency."


class OrderService:
    def __init__(self, session: AsyncSession, cache: Cache) -> None:
        self._session = session
        self._cache = cache
        self._orders = OrderRepository(session)
        self._products = ProductRepository(session)

    async def get(self, order_id: UUID, customer_id: UUID) -> Order:
        """An order of the customer's own; somebody else's does not exist for them."""
        order = await self._orders.get(order_id, customer_id=customer_id)
        if order is None:
            raise OrderNotFound
        return order

    async def page(self, query: OrderQuery, paginator: Paginator, *, customer_id: UUID) -> PageRows[Order]:
        return await self._orders.page(query, paginator, customer_id=customer_id)

    async def place(self, customer_id: UUID, data: OrderCreate) -> Order:
        """All lines or none. The rows of the products stay locked until the transaction ends."""
        locked = await self._products.lock_many(line.product_id for line in data.lines)
        products = {product.id: product for product in locked}
        currency = _check(data.lines, products)
        customer = await UserRepository(self._session).get(customer_id)
        assert customer is not None  # an authenticated caller; accounts are never deleted
        lines = []
        for position, wanted in enumerate(data.lines):
            product = products[wanted.product_id]
            product.stock -= wanted.quantity
            lines.append(
                OrderLine(product=product, position=position, quantity=wanted.quantity, unit_price=product.price)
            )
        total = sum((line.quantity * line.unit_price for line in lines), Decimal())
        order = Order(customer=customer, total=total, currency=currency, status=OrderStatus.PLACED, lines=lines)
        await self._orders.add(order)
        await enqueue(self._session, send_receipt, order_id=order.id)
        self._invalidate(products)
        return order

    async def cancel(self, order_id: UUID, customer_id: UUID) -> Order:
        """Gives the stock back, once: cancelling again answers the same and changes nothing."""
        order = await self._orders.get_locked(order_id, customer_id=customer_id)
        if order is None:
            raise OrderNotFound
        if order.status == OrderStatus.CANCELLED:
            return order
        locked = await self._products.lock_many(line.product_id for line in order.lines)
        products = {product.id: product for product in locked}
        for line in order.lines:
            products[line.product_id].stock += line.quantity
        order.status = OrderStatus.CANCELLED
        await self._session.flush()
        self._invalidate(products)
        return order

    def _invalidate(self, product_ids: Sequence[UUID] | dict[UUID, Product]) -> None:
        self._cache.invalidate(self._session, DASHBOARD_TAG, *(product_tag(id_) for id_ in product_ids))


def _check(lines: Sequence[OrderLineCreate], products: dict[UUID, Product]) -> str:
    """The currency of the order. Raises what makes it impossible, naming the products."""
    unknown = [str(line.product_id) for line in lines if line.product_id not in products]
    if unknown:
        raise UnknownProducts(product_ids=unknown)
    currencies = {product.currency for product in products.values()}
    if len(currencies) > 1:
        raise MixedCurrencies(currencies=sorted(currencies))
    short = [
        {"product_id": str(product.id), "name": product.name, "wanted": line.quantity, "stock": product.stock}
        for line in lines
        if (product := products[line.product_id]).stock < line.quantity
    ]
    if short:
        raise OutOfStock(products=short)
    return currencies.pop()
