"""The tables. Alembic compares them with the database through Base.metadata."""

from app.models.base import Base
from app.models.item import Item
from app.models.order import Order
from app.models.user import User

__all__ = ["Base", "Item", "Order", "User"]
