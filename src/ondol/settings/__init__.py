"""The settings of a service, each group from the package that it is about."""

from ondol.options import Environment, Group
from ondol.settings.load import Settings, load_settings

__all__ = ["Environment", "Group", "Settings", "load_settings"]
