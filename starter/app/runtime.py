"""The runtime and the unit of work as this project has them: with its own settings."""

from ondol import runtime

from app.settings import AppSettings

Runtime = runtime.Runtime[AppSettings]
UnitOfWork = runtime.UnitOfWork[AppSettings]
