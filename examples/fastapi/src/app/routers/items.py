from fastapi import APIRouter, HTTPException
from sqlalchemy import select

from app.database import Session
from app.models import Item
from app.schemas.item import ItemIn, ItemOut

router = APIRouter(prefix="/items", tags=["items"])


@router.get("", response_model=list[ItemOut])
async def list_items(session: Session, limit: int = 50):
    return await session.scalars(select(Item).order_by(Item.id).limit(limit))


@router.post("", response_model=ItemOut, status_code=201)
async def create_item(new: ItemIn, session: Session):
    item = Item(**new.model_dump())
    session.add(item)
    await session.commit()
    await session.refresh(item)
    return item


@router.get("/{item_id}", response_model=ItemOut)
async def get_item(item_id: int, session: Session):
    item = await session.get(Item, item_id)
    if item is None:
        raise HTTPException(404, f"no item {item_id}")
    return item


@router.delete("/{item_id}", status_code=204)
async def delete_item(item_id: int, session: Session) -> None:
    item = await session.get(Item, item_id)
    if item is None:
        raise HTTPException(404, f"no item {item_id}")
    await session.delete(item)
    await session.commit()
