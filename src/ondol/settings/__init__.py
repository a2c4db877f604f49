"""The settings of a service. Each group is defined in the package that it configures."""

from ondol.options import Environment, Group
from ondol.settings.load import Settings, load_settings

__all__ = ["Environment", "Group", "Settings", "load_settings"]
