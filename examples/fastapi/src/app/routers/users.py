from fastapi import APIRouter, HTTPException
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.database import Session
from app.models import User
from app.schemas.user import UserIn, UserOut

router = APIRouter(prefix="/users", tags=["users"])


@router.get("", response_model=list[UserOut])
async def list_users(session: Session):
    return await session.scalars(select(User).order_by(User.id))


@router.post("", response_model=UserOut, status_code=201)
async def create_user(new: UserIn, session: Session):
    user = User(**new.model_dump())
    session.add(user)
    try:
        await session.commit()
    except IntegrityError as taken:
        raise HTTPException(409, f"{new.email} is taken") from taken
    await session.refresh(user)
    return user


@router.get("/{user_id}", response_model=UserOut)
async def get_user(user_id: int, session: Session):
    user = await session.get(User, user_id)
    if user is None:
        raise HTTPException(404, f"no user {user_id}")
    return user
