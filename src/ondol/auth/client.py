"""The client of a request: what login sessions and the audit log remember of it."""

from dataclasses import dataclass

MAX_USER_AGENT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Client:
    """`address`: an IP address, behind the proxies we trust. `user_agent`: what the client calls itself, cut to 200
    printable characters. `request_id`: as in the logs."""

    address: str = ""
    user_agent: str = ""
    request_id: str = ""


NO_CLIENT = Client()
"""For work that no client asked for: jobs and tests."""
