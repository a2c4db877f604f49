from enum import StrEnum
from typing import Annotated
from uuid import UUID

from ondol.types import Line
from pydantic import Field, StringConstraints

from app.schemas.base import Input


class PaymentEventType(StrEnum):
    DONE = "payment.done"
    FAILED = "payment.failed"


class PaymentEventCreate(Input):
    id: Annotated[Line, StringConstraints(max_length=100), Field(examples=["evt_1"])]
    type: PaymentEventType
    booking_id: UUID
