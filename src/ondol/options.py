"""The base class of every group of settings, and the environments a service runs in."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Environment(StrEnum):
    """The setting ENVIRONMENT. Production refuses unsafe settings."""

    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class Group(BaseModel):
    """A group of settings. Unknown names are errors; values do not change after the start."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
