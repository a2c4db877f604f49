"""Checks of an application's routes for common mistakes."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from ondol.doctor.findings import Finding, error, warning
from ondol.web.public import REASON
from ondol.web.unit_of_work import reading, transaction

_WRITES = ("post", "put", "patch", "delete")


def check_routes(app: FastAPI) -> Iterator[Finding]:
    """Yield writes open to anyone, operations of a caller without scopes, and transactions that commit too late."""
    for path, item in app.openapi()["paths"].items():
        for method, operation in item.items():
            name = f"{method.upper()} {path}"
            scopes = [scopes for scheme in operation.get("security", ()) for scopes in scheme.values()]
            if method in _WRITES and not scopes and REASON not in operation:
                hint = "Require a caller with scopes, or declare openapi_extra=public(reason)."
                yield warning("routes", f"Anyone can call {name}.", hint)
            elif scopes and not any(scopes) and REASON not in operation:
                yield warning("routes", f"Every account can call {name}.", "Limit it with Security(…, scopes=[…]).")
    for context in iter_route_contexts(app.routes):
        dependant = getattr(context, "dependant", None)
        if dependant is not None and any(_commits_late(each) for each in _all(dependant)):
            problem = f"{context.path} takes its transaction in FastAPI's default scope: it commits after the response."
            yield error("routes", problem, 'Use Transaction, or Depends(transaction, scope="function").')


def _all(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for inner in dependant.dependencies:
        yield from _all(inner)


def _commits_late(dependant: Any) -> bool:
    return dependant.call in (transaction, reading) and dependant.scope != "function"
