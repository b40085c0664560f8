from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Numbered
from app.models.item import Item
from app.models.user import User


class Order(Numbered, Base):
    __tablename__ = "orders"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"))
    quantity: Mapped[int]

    user: Mapped[User] = relationship(lazy="joined")
    item: Mapped[Item] = relationship(lazy="joined")
