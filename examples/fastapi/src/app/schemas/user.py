from pydantic import BaseModel, Field

from app.schemas.base import Stored


class UserIn(BaseModel):
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=320)
    name: str = Field(min_length=1, max_length=100)


class UserOut(Stored, UserIn):
    pass
