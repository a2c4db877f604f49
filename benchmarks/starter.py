"""The starter, with two routes that answer the same with and without a caller. `uvicorn starter:app`."""

from app.access import limit_api
from app.factory import create_app
from app.routers.users import AccountReader
from fastapi import APIRouter, Depends

app = create_app()
router = APIRouter(tags=["health"], dependencies=[Depends(limit_api)])


@router.get("/anonymous", name="anonymous")
async def anonymous() -> dict[str, bool]:
    return {"ok": True}


@router.get("/authenticated", name="authenticated")
async def authenticated(user: AccountReader) -> dict[str, bool]:
    return {"ok": True}


app.include_router(router)
