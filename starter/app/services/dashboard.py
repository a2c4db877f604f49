from datetime import UTC, datetime, timedelta

from ondol.cache import Cache
from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.dashboard import DashboardRepository
from app.schemas.dashboard import BestSeller, Dashboard, DayRevenue, LowStock
from app.settings import ShopSettings

DASHBOARD_TAG = "dashboard"
DAYS = 30


class DashboardService:
    def __init__(self, session: AsyncSession, cache: Cache, settings: ShopSettings) -> None:
        self._dashboard = DashboardRepository(session)
        self._cache = cache
        self._settings = settings

    async def get(self) -> Dashboard:
        """How the shop did; cached, and dropped whenever an order commits."""
        found = await self._cache.get(
            DASHBOARD_TAG,
            self._load,
            Dashboard,
            seconds=self._settings.dashboard_cache_seconds,
            tags=[DASHBOARD_TAG],
        )
        assert found is not None  # _load never gives None
        return found

    async def _load(self) -> Dashboard:
        now = datetime.now(UTC)
        since = now - timedelta(days=DAYS)
        return Dashboard(
            revenue=[DayRevenue.model_validate(row) for row in await self._dashboard.revenue(since)],
            best_sellers=[BestSeller.model_validate(row) for row in await self._dashboard.best_sellers(since)],
            low_stock=[
                LowStock.model_validate(row) for row in await self._dashboard.low_stock(self._settings.low_stock)
            ],
            new_customers=await self._dashboard.new_customers(since),
            as_of=now,
        )
