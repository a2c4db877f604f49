from fastapi import APIRouter

from app.dependencies import DashboardReader, DashboardServiceDep
from app.schemas.dashboard import Dashboard

router = APIRouter(prefix="/dashboard", tags=["dashboard"])


@router.get("", name="get")
async def get_dashboard(dashboard: DashboardServiceDep, _: DashboardReader) -> Dashboard:
    """Revenue per day, best sellers, low stock, new customers."""
    return await dashboard.get()
