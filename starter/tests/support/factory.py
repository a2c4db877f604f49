"""What tests know about a resource: enough to make one through the API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

API = "/api/v1"


@dataclass(frozen=True)
class Factory:
    """`make_body` gives the body of a request that makes one, a different one each time. It is told the ids that
    exist, by the name of their path parameter, such as `product_id`. `needs`: what it refers to."""

    path: str
    id_name: str
    make_body: Callable[[Mapping[str, str]], dict[str, Any]]
    is_owned: bool = False
    needs: tuple["Factory", ...] = ()

    @property
    def url(self) -> str:
        return API + self.path

    @property
    def one(self) -> str:
        """The path of one of them, as the OpenAPI document has it."""
        return f"{self.url}/{{{self.id_name}}}"
