"""The parents of all schemas."""

from ondol.types import composed
from pydantic import BaseModel, ConfigDict, model_validator


class Input(BaseModel):
    """A request body. Unknown fields are rejected, so that a misspelt field is not ignored."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    _compose = model_validator(mode="before")(composed)


class Output(BaseModel):
    """A response body. Only the fields declared here are returned."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)
