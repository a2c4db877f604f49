"""The parents of all schemas."""

from pydantic import BaseModel, ConfigDict


class Input(BaseModel):
    """A request body. Unknown fields are rejected, so that a misspelt field is not ignored."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Output(BaseModel):
    """A response body. Only the fields declared here are returned."""

    model_config = ConfigDict(from_attributes=True)
