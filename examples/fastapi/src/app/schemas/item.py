from decimal import Decimal

from pydantic import BaseModel, Field

from app.schemas.base import Stored


class ItemIn(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    price: Decimal = Field(ge=0, max_digits=10, decimal_places=2)


class ItemOut(Stored, ItemIn):
    pass
