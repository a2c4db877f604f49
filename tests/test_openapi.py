"""The OpenAPI document of an application with its own models and responses."""

import json
from enum import StrEnum
from typing import Annotated, Any

from fastapi import FastAPI, Query, Response
from fastapi.exception_handlers import request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from ondol.db.pagination import Page
from ondol.errors import Conflict
from ondol.web.openapi import install_openapi
from ondol.web.problems import install_problems, problem_responses


class Problem(BaseModel):
    """A mathematics exercise: a model that has the same name as the library's."""

    solution: int


class ValidationError(BaseModel):
    mine: str


class FieldError(BaseModel):
    field: str


class RoomRead(BaseModel):
    name: str


class RoomSort(StrEnum):
    NAME = "name"
    NAME_DESCENDING = "-name"


def documented(*, own_validation: bool = False, models: bool = False) -> dict[str, Any]:
    app = FastAPI()
    install_problems(app)
    if own_validation:
        app.exception_handler(RequestValidationError)(request_validation_exception_handler)
    install_openapi(app)

    @app.get("/plain", responses=problem_responses(Conflict))
    async def plain(number: int, text: str | None = None) -> None: ...

    @app.get("/own", responses={422: {"description": "Too odd", "content": {"text/plain": {}}}})
    async def own(number: int) -> None: ...

    @app.get(
        "/odd",
        openapi_extra={
            "parameters": [
                {"in": "query", "name": "filter", "content": {"application/json": {"schema": {"type": "object"}}}},
                {"$ref": "#/components/parameters/Page"},
            ]
        },
    )
    async def odd(number: Annotated[int | None, Query()] = None) -> None: ...

    if models:

        @app.post("/problems")
        async def solve(problem: Problem) -> ValidationError | FieldError:
            raise NotImplementedError

    document = app.openapi()
    assert app.openapi() == document
    references = {part.partition('"')[0] for part in json.dumps(document).split('"$ref": "#/components/schemas/')[1:]}
    assert references <= set(document["components"]["schemas"])
    return document


def ref_of(document: dict[str, Any], path: str, status: str, media_type: str = "application/problem+json") -> str:
    answer = document["paths"][path]["get"]["responses"][status]
    return str(answer["content"][media_type]["schema"]["$ref"]).rpartition("/")[2]


def test_a_plain_application() -> None:
    document = documented()
    assert set(document["components"]["schemas"]) == {"Problem", "ValidationProblem", "FieldError"}
    assert (ref_of(document, "/plain", "422"), ref_of(document, "/plain", "409")) == ("ValidationProblem", "Problem")
    text = next(each for each in document["paths"]["/plain"]["get"]["parameters"] if each["name"] == "text")
    assert text["schema"] == {"type": "string", "title": "Text"}


def test_what_a_route_declares_stays() -> None:
    document = documented()
    assert document["paths"]["/own"]["get"]["responses"]["422"] == {
        "description": "Too odd",
        "content": {"text/plain": {}},
    }
    odd = document["paths"]["/odd"]["get"]["parameters"]
    assert {"$ref": "#/components/parameters/Page"} in odd
    assert [each["content"] for each in odd if each.get("name") == "filter"]


def test_models_of_the_project_keep_their_names() -> None:
    document = documented(models=True)
    schemas = document["components"]["schemas"]
    assert set(schemas["Problem"]["properties"]) == {"solution"}
    assert set(schemas["ValidationError"]["properties"]) == {"mine"}
    assert set(schemas["FieldError"]["properties"]) == {"field"}
    assert ref_of(document, "/plain", "409") == "OndolProblem"
    assert "code" in schemas["OndolProblem"]["properties"]
    assert schemas["ValidationProblem"]["properties"]["errors"]["items"]["$ref"].endswith("/OndolFieldError")
    # The next application is not affected.
    assert ref_of(documented(), "/plain", "409") == "Problem"


def test_a_422_that_the_project_answers_itself_stays_as_fastapi_describes_it() -> None:
    document = documented(own_validation=True)
    assert ref_of(document, "/plain", "422", "application/json") == "HTTPValidationError"


def test_generators_of_clients_find_names_and_files() -> None:
    app = FastAPI()
    install_problems(app)
    install_openapi(app)

    @app.get("/rooms")
    async def rooms(sort: RoomSort = RoomSort.NAME) -> Page[RoomRead]:
        raise NotImplementedError

    @app.get(
        "/picture",
        response_class=Response,
        responses={
            200: {"content": {"image/png": {}, "text/csv": {}, "image/svg+xml": {"schema": {"type": "string"}}}}
        },
    )
    async def picture() -> None: ...

    document = app.openapi()
    schemas = document["components"]["schemas"]
    assert schemas["RoomSort"]["x-enum-varnames"] == ["NAME", "NAME_DESCENDING"]
    assert ref_of(document, "/rooms", "200", "application/json") == "RoomPage"
    assert set(schemas) == {"RoomPage", "RoomRead", "RoomSort", "Problem", "ValidationProblem", "FieldError"}
    assert schemas["RoomPage"]["required"] == ["items", "next_cursor"]
    assert {"type", "request_id"} <= set(schemas["Problem"]["required"])
    content = document["paths"]["/picture"]["get"]["responses"]["200"]["content"]
    binary, text = {"type": "string", "format": "binary"}, {"type": "string"}
    assert [content[name]["schema"] for name in content] == [binary, text, text]


def test_pages_of_models_with_the_same_name_keep_their_long_names() -> None:
    app = FastAPI()
    install_openapi(app)
    other = type("RoomRead", (BaseModel,), {"__module__": "other", "__annotations__": {"size": int}})

    @app.get("/mine", response_model=Page[RoomRead])
    async def mine() -> None: ...

    @app.get("/other", response_model=Page[other])  # type: ignore[valid-type]
    async def others() -> None: ...

    document = app.openapi()
    names = {ref_of(document, path, "200", "application/json") for path in ("/mine", "/other")}
    assert len(names) == 2
    assert names <= set(document["components"]["schemas"])


def test_an_endpoint_without_a_name_is_summarised_by_its_route() -> None:
    class Answer:
        async def __call__(self) -> str:
            return "yes"

    app = FastAPI()
    install_problems(app)
    install_openapi(app)
    app.add_api_route("/answer", Answer(), name="the_answer")
    assert app.openapi()["paths"]["/answer"]["get"]["summary"] == "The answer"


def test_pages_of_what_is_no_schema_keep_distinct_names() -> None:
    names = [Page[RoomRead].__name__, Page[list[int]].__name__, Page[list[str]].__name__, Page[int | str].__name__]
    assert names[0] == "RoomPage"
    assert len(set(names)) == 4
