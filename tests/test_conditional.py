"""If-Match as clients and proxies send it (RFC 9110, 13.1.1; docs/decisions/0015)."""

from collections.abc import Sequence

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ondol.errors import PreconditionFailed
from ondol.web.conditional import ExpectedVersions, etag
from ondol.web.problems import install_problems

app = FastAPI()
install_problems(app)


@app.put("/note")
async def write(expected_versions: ExpectedVersions) -> str:
    """Change a note that has version 2."""
    if expected_versions is not None and 2 not in expected_versions:
        raise PreconditionFailed
    return "changed"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ([], 200),
        (["*"], 200),
        ([etag(2)], 200),
        ([etag(1)], 412),
        (['W/"v2"'], 200),
        (['W/"v1"'], 412),
        (['"v1", "v2"'], 200),
        (['"v1","other" , W/"v2",'], 200),
        (['"v1"', '"v2"'], 200),
        (['"v1", "v3"'], 412),
        (['"of-another-server"'], 412),
        (['"with,a,comma"'], 412),
        (['""'], 412),
        (['"v99999999999999999999"'], 412),
        (["v2"], 400),
        (['"v2'], 400),
        (['"v1" "v2"'], 400),
        (['"v2", *'], 400),
        (['w/"v2"'], 400),
        ([""], 400),
        ([","], 400),
        ([", " * 400 + '"v2"'], 200),
        (['"v2", ' * 400], 422),
    ],
)
def test_any_tag_of_the_list_that_matches_will_do(sent: Sequence[str], status: int) -> None:
    answer = TestClient(app).put("/note", headers=[("If-Match", value) for value in sent])
    assert answer.status_code == status
