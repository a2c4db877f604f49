"""SQLAlchemy models, imported here so that Alembic sees all of them."""

from app.models.audit import AuditEntry  # audit
from app.models.auth import RefreshToken
from app.models.base import IdempotencyKey, Model
from app.models.mailed_tokens import MailedToken
from app.models.orders import Order, OrderLine  # sample
from app.models.products import Product  # sample
from app.models.sessions import LoginSession
from app.models.users import User

__all__ = [
    "AuditEntry",  # audit
    "IdempotencyKey",
    "LoginSession",
    "MailedToken",
    "Model",
    "Order",  # sample
    "OrderLine",  # sample
    "Product",  # sample
    "RefreshToken",
    "User",
]
