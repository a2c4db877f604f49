"""The contract tests accept all kinds of routes: uploads, streams, signed webhooks, pictures, rules over fields."""

from pathlib import Path

import pytest
from projects import add, bare_project, replace, run

ROUTER = '''\
import asyncio
import hmac
from collections.abc import AsyncIterator
from typing import Annotated, Self

from fastapi import APIRouter, File, Form, Header, Path, Query, Request, Response, Security, UploadFile, status
from fastapi.responses import StreamingResponse
from ondol import Unauthorized
from ondol.auth.caller import Caller
from ondol.types import Day
from ondol.web.problems import problem_responses
from ondol.web.public import public
from pydantic import model_validator

from app.access import current_user
from app.schemas.base import Input
from app.scopes import Scope

router = APIRouter(prefix="/odd", tags=["odd"])
Anyone = Annotated[Caller, Security(current_user, scopes=[Scope.ACCOUNT_READ])]
Slug = Annotated[str, Path(pattern="^[a-z]{1,20}$", examples=["news"])]
KEY = b"shared with the sender"


class Days(Input):
    first: Day
    last: Day

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError("`last` is before `first`")
        return self


@router.post("/pictures", name="upload", status_code=status.HTTP_201_CREATED, max_body_size=2_000_000)
async def upload(
    file: Annotated[UploadFile, File()], title: Annotated[str, Form(min_length=1, max_length=50)], user: Anyone
) -> int:
    """Upload a picture."""
    return len(await file.read())


@router.get("/events", name="events", response_class=StreamingResponse)
async def events(user: Anyone) -> StreamingResponse:
    """Stream events until the client leaves."""

    async def ticks() -> AsyncIterator[str]:
        while True:
            yield "data: tick\\n\\n"
            await asyncio.sleep(0.1)

    return StreamingResponse(ticks(), media_type="text/event-stream")


@router.post(
    "/webhooks",
    name="webhook",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(Unauthorized),
    openapi_extra=public("The signature authenticates the caller."),
)
async def webhook(request: Request, x_signature: Annotated[str, Header(max_length=64)]) -> None:
    """Take what another service sends."""
    expected = hmac.new(KEY, await request.body(), "sha256").hexdigest()
    if not hmac.compare_digest(expected.encode(), x_signature.encode()):
        raise Unauthorized("The signature does not fit the body.")


@router.get("/prices", name="prices")
async def prices(response: Response) -> list[int]:
    """Read prices that anybody may keep for a minute."""
    response.headers["Cache-Control"] = "public, max-age=60"
    return [1]


@router.get(
    "/drawing", name="drawing", response_class=Response, responses={200: {"content": {"image/png": {}}}}
)
async def drawing(days: Annotated[Days, Query()]) -> Response:
    """Draw some days."""
    return Response(b"\\x89PNG", media_type="image/png")


@router.get("/tags/feed", name="tag_feed")
async def tag_feed() -> list[str]:
    """Read the newest tags."""
    return ["news"]


@router.get("/tags/{slug}", name="tag")
async def tag(slug: Slug) -> str:
    """Read one tag."""
    return slug
'''
CONTRACT = """
def signed(body: bytes) -> dict[str, str]:
    return {"X-Signature": hmac.new(KEY, body, "sha256").hexdigest()}
"""
CHECKS = [
    f"tests/test_contract.py::test_{name}"
    for name in ("authorization", "document", "hostile_input", "http", "resources", "schemathesis", "secrets")
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = bare_project(tmp_path_factory.mktemp("odd") / "shop")
    add(project, "note title:str:50 --owner --public-read")
    (project / "app" / "routers" / "odd.py").write_text(ROUTER)
    routers = project / "app" / "routers" / "__init__.py"
    replace(routers, "ROUTERS = [", "ROUTERS = [\n    odd.router,")
    replace(routers, "from app.routers import (", "from app.routers import (\n    odd,")
    contract = project / "tests" / "support" / "contract.py"
    replace(contract, "from functools import partial\n", "import hmac\nfrom functools import partial\n")
    replace(contract, "from app.scopes import", "from app.routers.odd import KEY\nfrom app.scopes import")
    replace(
        contract, "\nCONTRACT = Contract(", f"{CONTRACT}\n\nCONTRACT = Contract(\n    signed={{'odd_webhook': signed}},"
    )
    return project


@pytest.mark.whole
def test_the_contract_holds(project: Path) -> None:
    tested = run(project, "pytest", "-q", *CHECKS)
    assert tested.returncode == 0, tested.stdout[-6_000:]


@pytest.mark.whole
def test_a_route_without_a_docstring_is_named(project: Path) -> None:
    router = project / "app" / "routers" / "odd.py"
    text = router.read_text()
    replace(router, '    """Read one tag."""\n', "")
    tested = run(project, "pytest", "-q", "tests/test_contract.py::test_document")
    router.write_text(text)
    assert "odd_tag: its function has no docstring" in tested.stdout


@pytest.mark.whole
@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (
            'test_every_reference_leads_somewhere = "Ours lead to another document."',
            0,
            "Ours lead to another document.",
        ),
        ('test_head_is_answered_where_get_is = "Of another module."', 0, "2 passed"),
        ('test_no_such_check = "x"', 4, "names unknown tests: test_no_such_check."),
        ('test_every_reference_leads_somewhere = ""', 4, "say why"),
    ],
)
def test_a_check_is_switched_off_with_a_reason(project: Path, line: str, code: int, said: str) -> None:
    pyproject = project / "pyproject.toml"
    text = pyproject.read_text()
    pyproject.write_text(f"{text}\n[tool.ondol.contract]\n{line}\n")
    tested = run(project, "pytest", "-q", "tests/test_contract.py::test_document")
    pyproject.write_text(text)
    assert tested.returncode == code
    assert said in tested.stdout + tested.stderr


@pytest.mark.whole
def test_a_contract_that_is_missing_is_an_error(project: Path) -> None:
    file = project / "tests" / "test_contract.py"
    text = file.read_text()
    file.write_text('"""Nothing."""\n')
    tested = run(project, "pytest", "-q", "tests/test_contract.py")
    file.write_text(text)
    assert "defines neither CONTRACT nor a test" in tested.stdout
    assert tested.returncode != 0
