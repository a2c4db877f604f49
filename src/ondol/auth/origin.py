"""Where a request came from: what sessions and the audit log remember of it."""

from dataclasses import dataclass

MAX_DEVICE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Origin:
    """`address`: of the client, behind the proxies we trust. `device`: its User-Agent, cut to 200 printable
    characters; it says what it wants. `request_id`: as in the logs."""

    address: str = ""
    device: str = ""
    request_id: str = ""
