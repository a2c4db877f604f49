"""Collects what every Ondol service must stand, over all operations and resources of this one."""

from contract import CONTRACT

__all__ = ["CONTRACT"]
