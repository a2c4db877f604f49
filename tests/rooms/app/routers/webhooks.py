from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, status
from ondol.web.dependencies import RuntimeDep
from ondol.web.problems import problem_responses
from ondol.web.public import public
from ondol.web.unit_of_work import in_transaction

from app.schemas.webhooks import PaymentEventCreate
from app.services.bookings import BookingNotFound
from app.services.webhooks import WebhookService, WrongSignature, verify

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

Webhooks = Annotated[WebhookService, Depends(in_transaction(WebhookService))]


async def signed(
    request: Request,
    runtime: RuntimeDep,
    x_signature: Annotated[str, Header(max_length=64)],
    x_timestamp: Annotated[int, Header(ge=0, le=2**40)],
) -> None:
    verify(runtime.settings.webhook_secret, x_timestamp, await request.body(), x_signature)


@router.post(
    "/payments",
    name="take_payment",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[Depends(signed)],
    responses=problem_responses(WrongSignature, BookingNotFound),
    openapi_extra=public("The signature authenticates the caller."),
)
async def take_payment(event: PaymentEventCreate, webhooks: Webhooks) -> None:
    """Receive an event from the payment provider."""
    await webhooks.take(event)
