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
            raise ValueError(f"{pattern!r} is not a host: write a name, *.name or *")
    return patterns


class HttpSettings(Group):
    """Limits of requests, and the accepted origins, hosts and proxies."""

    trusted_proxies: Annotated[list[str], AfterValidator(checked)] = Field(
        [],
        description="Networks of your proxies, such as 10.0.0.0/8, or unix. Only their X-Forwarded-For is trusted.",
    )
    allowed_hosts: Annotated[list[str], AfterValidator(_are_hosts)] = Field(
        ["*"], description="Accepted Host headers: names, *.example.com for all subdomains, or *."
    )
    cors_origins: list[str] = Field([], description="Origins that may call the API from a browser.")
    cors_allow_headers: list[str] = Field(
        ["traceparent", "tracestate"],
        description="Other request headers that these origins may send.",
    )
    cors_expose_headers: list[str] = Field([], description="Other response headers that these origins may read.")
    max_body_bytes: int = Field(1_000_000, ge=1, description="Largest request body; then 413. A route may set its own.")
    max_head_bytes: int = Field(
        ServerOptions.max_head_bytes, ge=1_024, description="Largest headers and trailers of a request; then 431."
    )
    max_url_bytes: int = Field(ServerOptions.max_url_bytes, ge=256, description="Largest path with query; then 414.")
    receive_seconds: float = Field(
        ServerOptions.receive_seconds, gt=0, description="Longest time for a request to arrive; then 408."
    )
    timeout_seconds: float = Field(30.0, gt=0, description="Longest time for a response; then 503.")
    drain_seconds: float | None = Field(
        None, ge=0, description="On SIGTERM, how long to serve on while not ready; by default 2 in production, else 0."
    )
    grace_seconds: int = Field(
        7, ge=1, description="How long running requests may then take. Cloud Run kills 10 s after SIGTERM."
    )
    default_language: str = Field("en", description="Language for clients that prefer no language of the service.")
    idempotency_hours: int = Field(24, ge=1, description="How long a response is stored for its Idempotency-Key.")
    gzip_minimum_bytes: int = Field(1_000, ge=0, description="Smaller responses are not compressed.")
    root_path: str = Field(
        "", pattern=r"^(/[^/]+)*$", description="Path prefix that a proxy in front removes, such as /shop."
    )
    docs: bool | None = Field(None, description="Serve /docs and /openapi.json; by default not in production.")
