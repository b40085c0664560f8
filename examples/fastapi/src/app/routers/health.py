from fastapi import APIRouter
from sqlalchemy import text

from app.config import settings
from app.database import Session

router = APIRouter(tags=["health"])


@router.get("/health")
async def health(session: Session) -> dict[str, str]:
    """Answers 200 only if the database answers too."""
    await session.execute(text("SELECT 1"))
    return {"status": "ok", "environment": settings().environment}
