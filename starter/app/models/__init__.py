"""SQLAlchemy tables. Imported here so that Alembic sees them all."""

from app.models.audit import AuditEntry
from app.models.auth import RefreshToken
from app.models.base import Model
from app.models.email_change import EmailChange
from app.models.orders import Order, OrderLine
from app.models.password_reset import PasswordReset
from app.models.products import Product
from app.models.registration import Registration
from app.models.sessions import UserSession
from app.models.users import User

__all__ = [
    "AuditEntry",
    "EmailChange",
    "Model",
    "Order",
    "OrderLine",
    "PasswordReset",
    "Product",
    "RefreshToken",
    "Registration",
    "User",
    "UserSession",
]
