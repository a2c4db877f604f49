"""Settings, read from the environment, `.env` and /run/secrets. See `ondol settings`."""

from pathlib import Path

from ondol.rate_limits.rate import RateText
from ondol.settings import Group, Settings
from pydantic import Field
from pydantic_settings import SettingsConfigDict

PROJECT = Path(__file__).resolve().parents[1]


class LimitsSettings(Group):
    """Rate limits by client address and by account. `10/15m`: 10 requests in 15 minutes (s, m, h, d)."""

    api_address: RateText | None = Field(
        None, description="Requests of one client address (IPv6: one /64), such as 6000/m; better done in a gateway."
    )
    api_account: RateText | None = Field(None, description="Authenticated requests of one account, such as 1200/m.")
    login_address: RateText = Field("60/m", description="Login attempts from one client address.")
    login_account: RateText = Field(
        "10/15m", description="Login attempts per account from unknown devices. Each known device has its own limit."
    )
    register_address: RateText = Field("20/h", description="Registrations from one client address.")
    register_account: RateText = Field("5/h", description="Registrations per e-mail address.")
    reset_address: RateText = Field("20/h", description="Password resets from one client address.")
    reset_account: RateText = Field("5/h", description="Reset mails per e-mail address.")
    refresh_address: RateText = Field("600/m", description="Token refreshes from one client address.")
    refresh_account: RateText = Field("60/m", description="Token refreshes of one account.")


# audit: begin
class AuditSettings(Group):
    """The audit log."""

    keep_days: int = Field(730, ge=90, description="Older entries are deleted. The database keeps each for 90 days.")


# audit: end
# sample: begin
class ShopSettings(Group):
    """Settings of this service, such as `SHOP__LOW_STOCK=5`."""

    low_stock: int = Field(10, ge=0, description="Products below this stock are listed on the dashboard.")
    product_cache_seconds: float = Field(60, ge=0, description="0: do not cache.")
    dashboard_cache_seconds: float = Field(30, gt=0, description="How long the dashboard is cached.")


# sample: end
class AppSettings(Settings):
    """The settings of Ondol and of this service."""

    model_config = SettingsConfigDict(env_file=PROJECT / ".env")

    project_folder: Path = Field(PROJECT, description="Folder of migrations/ and .ondol/.")
    limits: LimitsSettings = LimitsSettings()
    audit: AuditSettings = AuditSettings()  # audit
    shop: ShopSettings = ShopSettings()  # sample
