"""The runtime and the unit of work, typed with this project's settings."""

from ondol import runtime

from app.settings import AppSettings

Runtime = runtime.Runtime[AppSettings]
UnitOfWork = runtime.UnitOfWork[AppSettings]
