"""The settings of a service, from the environment. Subclass `Settings` once, with a group for each part of the service.

Each of Ondol's groups is defined in the package that it configures.

    from ondol.settings import Group, Settings, load_settings
    class Shop(Group):
        cache_seconds: int = 60  # SHOP__CACHE_SECONDS
    class AppSettings(Settings):
        shop: Shop = Shop()
    assert load_settings(AppSettings).shop.cache_seconds == 60
"""

from ondol.options import Environment, Group
from ondol.settings.load import Settings, load_settings

__all__ = ["Environment", "Group", "Settings", "load_settings"]
