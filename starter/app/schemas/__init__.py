"""Request and response bodies, and query parameters, as Pydantic models."""
