from pydantic import BaseModel, Field

from app.schemas.base import Stored
from app.schemas.item import ItemOut
from app.schemas.user import UserOut


class OrderIn(BaseModel):
    user_id: int
    item_id: int
    quantity: int = Field(default=1, ge=1, le=1000)


class OrderOut(Stored):
    user: UserOut
    item: ItemOut
    quantity: int
