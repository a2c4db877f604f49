from uuid import UUID

from ondol.jobs import job
from ondol.runtime import Ondol

from app.models import Order
from app.repositories.orders import OrderRepository


@job(name="orders.send_receipt")
async def send_receipt(ondol: Ondol, *, order_id: UUID) -> None:
    """Mails the receipt. May send it twice when a worker dies at the wrong moment; never not at all."""
    async with ondol.database.reading() as session:
        order = await OrderRepository(session).get(order_id)
    if order is None:
        return  # deleted meanwhile: nobody waits for this receipt
    await ondol.mailer.send(to=order.customer.email, subject=f"Your order {order.id}", text=_receipt(order))


def _receipt(order: Order) -> str:
    lines = [f"{line.quantity:>4} x {line.product.name}  {line.unit_price} {order.currency}" for line in order.lines]
    return "\n".join(
        [f"Dear {order.customer.full_name},", "", "thank you for your order:", "", *lines, "",
         f"Total: {order.total} {order.currency}"]
    )  # fmt: skip
