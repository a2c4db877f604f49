from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from ondol import Conflict, NotFound
from ondol.db.pagination import Page
from ondol.jobs.queue import retries
from ondol.ownership import EVERYBODY
from procrastinate import Blueprint, JobContext

from app.repositories.orders import OrderRepository
from app.repositories.stock import StockRepository
from app.repositories.users import UserRepository
from app.runtime import Runtime, UnitOfWork
from app.schemas.orders import (
    OrderCreate,
    OrderLineCreate,
    OrderLineRead,
    OrderQuery,
    OrderRead,
    OrderStatus,
    ProductStock,
    ProductSummary,
)
from app.services.dashboard import DASHBOARD_TAG
from app.services.products import product_tag

jobs = Blueprint()


class OrderNotFound(NotFound):
    code = "order_not_found"
    detail = "There is no such order."


class UnknownProducts(Conflict):
    code = "unknown_products"
    detail = "The order contains products that do not exist."


class OutOfStock(Conflict):
    code = "out_of_stock"
    detail = "There is not enough stock for this order. Nothing was ordered."


class MixedCurrencies(Conflict):
    code = "mixed_currencies"
    detail = "All products in an order must have the same currency."


class OrderService:
    """Orders of customers. A customer gets OrderNotFound for another customer's order."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._orders = OrderRepository(work)
        self._stock = StockRepository(work)

    async def get(self, customer_id: UUID, order_id: UUID) -> OrderRead:
        """Return one order of the customer. Raises OrderNotFound."""
        order = await self._orders.read(customer_id, order_id)
        if order is None:
            raise OrderNotFound
        return order

    async def page(self, customer_id: UUID, query: OrderQuery) -> Page[OrderRead]:
        return await self._orders.search(customer_id, query)

    async def place(self, customer_id: UUID, data: OrderCreate) -> OrderRead:
        """Place an order: all lines or none. The products stay locked until the transaction ends.

        Raises UnknownProducts, MixedCurrencies, OutOfStock.
        """
        stock = await self._stock.change({line.product_id: -line.quantity for line in data.lines})
        currency = _check(data.lines, stock)  # what it refuses is rolled back
        lines = [_line(wanted, stock[wanted.product_id]) for wanted in data.lines]
        total = sum((line.quantity * line.unit_price for line in lines), Decimal())
        order = await self._orders.place(customer_id, currency, total, lines)
        await self._work.enqueue(send_receipt, order_id=order.id)
        self._invalidate(stock)
        return order

    async def cancel(
        self, customer_id: UUID, order_id: UUID, *, expected_versions: Collection[int] | None = None
    ) -> OrderRead:
        """Cancel an order and restore its stock. Cancelling again returns the same and changes nothing.

        Raises OrderNotFound, PreconditionFailed.
        """
        order = await self._orders.lock(customer_id, order_id)
        if order is None:
            raise OrderNotFound
        order.require_version(expected_versions)
        if order.status != OrderStatus.CANCELLED:
            quantities = await self._orders.quantities(order_id)
            await self._stock.change(quantities)
            await self._orders.change(order, {"status": OrderStatus.CANCELLED})
            self._invalidate(quantities)
        return await self.get(customer_id, order_id)

    def _invalidate(self, product_ids: Collection[UUID]) -> None:
        self._work.invalidate(DASHBOARD_TAG, *map(product_tag, product_ids))


def _check(lines: Sequence[OrderLineCreate], stock: Mapping[UUID, ProductStock]) -> str:
    """Return the currency of the order. Raises UnknownProducts, MixedCurrencies or OutOfStock, with details."""
    unknown = [str(line.product_id) for line in lines if line.product_id not in stock]
    if unknown:
        raise UnknownProducts(product_ids=unknown)
    currencies = {product.currency for product in stock.values()}
    if len(currencies) > 1:
        raise MixedCurrencies(currencies=sorted(currencies))
    short = [
        {"product_id": str(product.id), "name": product.name, "wanted": line.quantity, "stock": product.stock}
        for line in lines
        if (product := stock[line.product_id]).stock < line.quantity
    ]
    if short:
        raise OutOfStock(products=short)
    return currencies.pop()


def _line(wanted: OrderLineCreate, product: ProductStock) -> OrderLineRead:
    """Return an order line with the current price of the product."""
    return OrderLineRead(
        product_id=product.id,
        quantity=wanted.quantity,
        unit_price=product.price,
        product=ProductSummary(id=product.id, name=product.name),
    )


@jobs.task(name="orders.send_receipt", pass_context=True, retry=retries())
async def send_receipt(context: JobContext, *, order_id: UUID) -> None:
    """Mail the receipt at least once: it may be sent twice if a worker dies."""
    runtime = Runtime.of(context)
    async with runtime.reading() as work:
        order = await OrderRepository(work).read(EVERYBODY, order_id)
        customer = await UserRepository(work).read(order.customer.id) if order else None
    if order is None or customer is None:
        return  # deleted since the job was enqueued
    lines = [f"{line.quantity:>4} x {line.product.name}  {line.unit_price} {order.currency}" for line in order.lines]
    await runtime.send_mail(
        "receipt",
        to=customer.email,
        language=customer.language,
        order_id=str(order.id),
        name=order.customer.full_name,
        lines="\n".join(lines),
        total=str(order.total),
        currency=order.currency,
    )
