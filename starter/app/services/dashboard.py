from datetime import UTC, datetime, timedelta

from app.repositories.dashboard import DashboardRepository
from app.runtime import UnitOfWork
from app.schemas.dashboard import Dashboard

DASHBOARD_TAG = "dashboard"
DAYS = 30


class DashboardService:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._dashboard = DashboardRepository(work)

    async def get(self) -> Dashboard:
        """Return the sales figures from the cache. Each committed order invalidates them."""
        seconds = self._work.settings.shop.dashboard_cache_seconds
        found = await self._work.cached(DASHBOARD_TAG, self._load, Dashboard, seconds=seconds, tags=[DASHBOARD_TAG])
        assert found is not None  # _load never returns None
        return found

    async def _load(self) -> Dashboard:
        now = datetime.now(UTC)
        since = now - timedelta(days=DAYS)
        return Dashboard(
            revenue=await self._dashboard.revenue(since),
            best_sellers=await self._dashboard.best_sellers(since),
            low_stock=await self._dashboard.low_stock(self._work.settings.shop.low_stock),
            new_customers=await self._dashboard.new_customers(since),
            as_of=now,
        )
