"""What every group of settings is, and where a service runs."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Environment(StrEnum):
    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class Group(BaseModel):
    """A group of settings. Unknown names are errors; values never change after the start."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
