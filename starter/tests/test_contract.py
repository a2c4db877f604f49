"""Collects the tests that every Ondol service must pass, for all operations and resources of this one."""

from contract import CONTRACT

__all__ = ["CONTRACT"]
