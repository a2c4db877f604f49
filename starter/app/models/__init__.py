"""SQLAlchemy tables. Imported here so that Alembic sees them all."""

from app.models.auth import RefreshToken, UserSession
from app.models.base import Model
from app.models.orders import Order, OrderLine
from app.models.products import Product
from app.models.users import User

__all__ = ["Model", "Order", "OrderLine", "Product", "RefreshToken", "User", "UserSession"]
