from typing import Annotated

from fastapi import APIRouter, Depends, Security
from ondol.auth.caller import Caller
from ondol.web.unit_of_work import read_only

from app.access import current_user
from app.schemas.dashboard import Dashboard
from app.scopes import Scope
from app.services.dashboard import DashboardService

router = APIRouter(prefix="/dashboard", tags=["dashboard"])

Reader = Annotated[Caller, Security(current_user, scopes=[Scope.DASHBOARD_READ])]
ReadOnlyDashboard = Annotated[DashboardService, Depends(read_only(DashboardService))]


@router.get("", name="get")
async def get_dashboard(user: Reader, dashboard: ReadOnlyDashboard) -> Dashboard:
    """Return revenue per day, best sellers, low stock and new customers."""
    return await dashboard.get()
