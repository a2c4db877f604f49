"""The client of a request, as login sessions and the audit log record it."""

from dataclasses import dataclass

MAX_USER_AGENT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Client:
    """The client of a request. `address`: an IP address, found behind trusted proxies. `user_agent`: at most 200
    printable characters of the header. `request_id`: as in the logs."""

    address: str = ""
    user_agent: str = ""
    request_id: str = ""


NO_CLIENT = Client()
"""The client of jobs and tests, which serve no request."""
