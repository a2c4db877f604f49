"""What can be set, and where it comes from: environment, `.env`, /run/secrets. See `ondol settings`."""

from pathlib import Path

from ondol.settings import Group, Settings
from pydantic import Field
from pydantic_settings import SettingsConfigDict

PROJECT = Path(__file__).resolve().parents[1]


class ShopSettings(Group):
    """This service's own group: `SHOP__LOW_STOCK=5`."""

    low_stock: int = Field(10, ge=0, description="The dashboard warns below this.")
    product_cache_seconds: float = Field(60, gt=0)
    dashboard_cache_seconds: float = Field(30, gt=0)


class AppSettings(Settings):
    """Ondol's groups and ours."""

    model_config = SettingsConfigDict(env_file=PROJECT / ".env")

    project_folder: Path = PROJECT
    shop: ShopSettings = ShopSettings()
