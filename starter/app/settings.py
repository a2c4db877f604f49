"""What can be set, and where it comes from: environment, `.env`, /run/secrets. See `ondol settings`."""

from pathlib import Path

from ondol.rate_limits.rate import RateText
from ondol.settings import Group, Settings
from pydantic import Field
from pydantic_settings import SettingsConfigDict

PROJECT = Path(__file__).resolve().parents[1]


class LimitsSettings(Group):
    """How often, by the address of the client and by the account. `10/15m`: ten in fifteen minutes (s, m, h, d)."""

    api_address: RateText | None = Field(
        None, description="All requests of one address (IPv6: of one /64), such as 6000/m; a gateway does it better."
    )
    api_account: RateText | None = Field(
        None, description="Requests of one account to what needs a login, such as 1200/m."
    )
    login_address: RateText = Field("60/m", description="Attempts to log in.")
    login_account: RateText = Field(
        "10/15m", description="Of unknown devices together; each device that logged in before has as many."
    )
    register_address: RateText = "20/h"
    register_account: RateText = Field("5/h", description="Registrations of one e-mail address.")
    reset_address: RateText = "20/h"
    reset_account: RateText = Field("5/h", description="Reset mails to one e-mail address.")
    refresh_address: RateText = "600/m"
    refresh_account: RateText = "60/m"


# audit: begin
class AuditSettings(Group):
    """The audit log."""

    keep_days: int = Field(730, ge=90, description="Then entries are deleted; the database refuses it before 90 days.")


# audit: end
# sample: begin
class ShopSettings(Group):
    """This service's own group: `SHOP__LOW_STOCK=5`."""

    low_stock: int = Field(10, ge=0, description="The dashboard warns below this.")
    product_cache_seconds: float = Field(60, ge=0, description="0: not at all.")
    dashboard_cache_seconds: float = Field(30, gt=0)


# sample: end
class AppSettings(Settings):
    """Ondol's groups and ours."""

    model_config = SettingsConfigDict(env_file=PROJECT / ".env")

    project_folder: Path = PROJECT
    limits: LimitsSettings = LimitsSettings()
    audit: AuditSettings = AuditSettings()  # audit
    shop: ShopSettings = ShopSettings()  # sample
