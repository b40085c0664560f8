from fastapi import APIRouter, HTTPException
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.database import Session
from app.models import Order
from app.schemas.order import OrderIn, OrderOut

router = APIRouter(prefix="/orders", tags=["orders"])


@router.get("", response_model=list[OrderOut])
async def list_orders(session: Session, user_id: int | None = None):
    query = select(Order).order_by(Order.id)
    if user_id is not None:
        query = query.where(Order.user_id == user_id)
    return await session.scalars(query)


@router.post("", response_model=OrderOut, status_code=201)
async def create_order(new: OrderIn, session: Session):
    order = Order(**new.model_dump())
    session.add(order)
    try:
        await session.commit()
    except IntegrityError as unknown:
        raise HTTPException(422, "no such user or item") from unknown
    await session.refresh(order)
    return order
