"""The settings HTTP__…."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from ondol.networks import checked
from ondol.options import Group
from ondol.server.state import ServerOptions


def _are_hosts(patterns: list[str]) -> list[str]:
    for pattern in patterns:
        if pattern != "*" and not re.fullmatch(r"(\*\.)?[^*]+", pattern):
            raise ValueError(f"{pattern!r} is neither a name, nor *.name, nor *")
    return patterns


class HttpSettings(Group):
    """What is let in, and for how long."""

    trusted_proxies: Annotated[list[str], AfterValidator(checked)] = Field(
        [],
        description="Networks of the proxies in front, such as 10.0.0.0/8, or unix: their X-Forwarded-For is believed.",
    )
    allowed_hosts: Annotated[list[str], AfterValidator(_are_hosts)] = Field(
        ["*"], description="Host headers that are answered: names, *.example.com for all below one, or *."
    )
    cors_origins: list[str] = Field([], description="Origins whose pages may call the API; none by default.")
    cors_allow_headers: list[str] = Field(
        ["traceparent", "tracestate"],
        description="Request headers that those pages may send besides those the API itself uses.",
    )
    cors_expose_headers: list[str] = Field([], description="Response headers they may read besides the API's own.")
    max_body_bytes: int = Field(1_000_000, ge=1)
    max_head_bytes: int = Field(
        ServerOptions.max_head_bytes, ge=1_024, description="Headers and trailers of a request together; then 431."
    )
    max_url_bytes: int = Field(ServerOptions.max_url_bytes, ge=256, description="Path and query together; then 414.")
    receive_seconds: float = Field(
        ServerOptions.receive_seconds, gt=0, description="A request that has not arrived by then is cut."
    )
    timeout_seconds: float = Field(30.0, gt=0, description="A request that takes longer is answered with 503.")
    drain_seconds: float | None = Field(
        None, ge=0, description="On SIGTERM, how long to answer on while not ready; by default 2 in production, else 0."
    )
    grace_seconds: int = Field(
        7, ge=1, description="How long requests may then still take. Cloud Run kills 10 s after SIGTERM."
    )
    default_language: str = Field(
        "en", description="Language of messages and mails for clients that ask for none of the service's."
    )
    idempotency_hours: int = Field(24, ge=1, description="How long an answer is kept for its Idempotency-Key.")
    gzip_minimum_bytes: int = Field(1_000, ge=0)
    root_path: str = Field(
        "", pattern=r"^(/[^/]+)*$", description="What a proxy in front takes off the path, such as /shop."
    )
    docs: bool | None = Field(None, description="/docs and /openapi.json; by default not in production.")
