"""The security programme: black box, over HTTP, against two running workers.

One line a check, with its reference. What is asked of routes is asked of those in the OpenAPI document, so a route
that is added is tested too. ASVS is OWASP's 5.0; API1 to API10 are OWASP's API Security Top 10 of 2023.
"""

from typing import Any

import pytest

from app.scopes import Role
from factories import FACTORIES
from operations import Document
from people import people, session_of
from rigs import rig, rig_processes, valkey
from service import Service

__all__ = ["rig", "rig_processes", "valkey"]


@pytest.fixture
def service(rig: Any) -> Service:
    """The rig's first worker with its document, an administrator, and one of each resource."""
    with rig.client() as client:
        raw = client.get("/openapi.json").json()
    admin = people(rig.database, 1, Role.ADMIN)[0]
    service = Service(rig.bases[0], raw, Document(raw), rig.database, rig.database_url, admin, rig.logs / "web0.log")
    somebody = people(rig.database, 1)[0]
    service.known["user_id"] = service.send("GET", "/api/v1/users/me", headers=somebody).json()["id"]
    service.known["session_id"] = session_of(somebody)
    for factory in FACTORIES:
        service.known |= service.make(factory, service.known)
    return service
