from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Stored(BaseModel):
    """The part that every stored thing has in common."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    created_at: datetime
