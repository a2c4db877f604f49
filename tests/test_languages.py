"""Messages in other languages: which one a request gets, and that Korean has them all."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any, get_args

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel, Field
from pydantic_core.core_schema import ErrorType

import ondol
from ondol.errors import Problem
from ondol.languages import Languages
from ondol.runtime import Runtime
from ondol.settings import Settings
from ondol.web.problems import SAFE_CONTEXT, ErrorBodies, install_problems

KOREAN = Path(ondol.__file__).parent / "languages"
# Errors of Python code, not of a request.
NEVER_SENT = {
    *("arguments_type", "missing_argument", "unexpected_keyword_argument", "missing_keyword_only_argument"),
    *("unexpected_positional_argument", "missing_positional_only_argument", "multiple_argument_values"),
    *("callable_type", "is_instance_of", "is_subclass_of", "needs_python_object", "no_such_attribute"),
    *("get_attribute_error", "default_factory_not_called"),
}
# A validator's own sentence.
SAID_BY_THE_PROJECT = {"value_error", "assertion_error"}


@pytest.fixture
def languages() -> Languages:
    return Languages(KOREAN)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("en;q=0.5, ko", "ko"),
        ("fr, ko;q=0.1", "ko"),
        ("KO", "ko"),
        ("ko;q=0", "en"),
        ("fr", "en"),
        ("", "en"),
        (",;q=,ko;q=x", "en"),
    ],
)
def test_a_request_gets_the_language_that_it_prefers(languages: Languages, header: str, language: str) -> None:
    assert languages.preferred(header) == language


def test_without_a_folder_there_is_english_alone() -> None:
    assert Languages().names == ["en"]
    with pytest.raises(ValueError, match="no language 'ko'"):
        Languages(default="ko")


def test_what_a_language_lacks_is_in_the_default_language_or_in_english(tmp_path: Path) -> None:
    (tmp_path / "ja.toml").write_text('[mails.welcome]\nsubject = "ようこそ、{name}"\n')
    (tmp_path / "ko.toml").write_text('[mails.welcome]\nsubject = "환영합니다"\n[mails.bye]\nsubject = "안녕히"\n')
    languages = Languages(tmp_path, default="ko")
    assert languages.text("ja", "mails", "welcome", name="Jiwoo") == {"subject": "ようこそ、Jiwoo"}
    assert [languages.text(each, "mails", "bye") for each in ("ja", "fr", None)] == [{"subject": "안녕히"}] * 3
    assert Languages(tmp_path, default="ja").text("ja", "pages", "mailbox")["title"] == "Mailbox"
    assert languages.problem("ja", ["not_found"]) is None
    with pytest.raises(KeyError):
        languages.text("ja", "mails", "nothing")


@pytest.mark.parametrize("kind", sorted({*get_args(ErrorType)} - NEVER_SENT - SAID_BY_THE_PROJECT))
def test_korean_has_a_message_for_each_error_of_a_field(languages: Languages, kind: str) -> None:
    assert languages.field("ko", kind, dict.fromkeys(SAFE_CONTEXT, 1))


@pytest.mark.parametrize("kind", sorted(Languages(KOREAN).section("ko", "fields")))
def test_a_message_needs_no_value_that_is_not_sent(languages: Languages, kind: str) -> None:
    template = languages.section("ko", "fields")[kind]
    assert {name for _, name, _, _ in Formatter().parse(template) if name} <= SAFE_CONTEXT


def problems_of(kind: type[Problem]) -> Iterator[type[Problem]]:
    yield kind
    for inner in kind.__subclasses__():
        yield from problems_of(inner)


def test_korean_has_a_message_for_each_problem_with_the_same_numbers(languages: Languages) -> None:
    for module in pkgutil.walk_packages(ondol.__path__, "ondol."):
        if not module.name.startswith(("ondol.testing", "ondol.cli.__main__")):
            importlib.import_module(module.name)
    kinds = [kind for kind in problems_of(Problem) if kind.__module__.startswith("ondol.")]
    assert len(kinds) > 25
    for kind in kinds:
        korean = languages.problem("ko", [kind.code])
        assert korean, kind.code
        assert re.findall("[0-9]+", korean) == re.findall("[0-9]+", kind.detail), kind.code


class Thing(BaseModel):
    size: int = Field(ge=3)


def test_an_error_says_its_language_and_what_clients_need_to_translate_it(languages: Languages) -> None:
    app = FastAPI()
    install_problems(app, ErrorBodies(languages=languages))

    @app.post("/things")
    def make(thing: Thing) -> None: ...

    @app.get("/gone")
    def gone() -> None:
        raise Gone

    @app.get("/own")
    def own() -> None:
        raise Gone("Sold on Monday.")

    client = TestClient(app)
    korean = client.post("/things", json={"size": 1}, headers={"Accept-Language": "ko-KR"})
    [error] = korean.json()["errors"]
    assert (error["msg"], error["type"], error["ctx"]) == ("3 이상이어야 합니다.", "greater_than_equal", {"ge": 3})
    assert (korean.headers["Content-Language"], korean.headers["Vary"]) == ("ko", "Accept-Language")
    english = client.post("/things", json={"size": 1})
    assert english.json()["errors"][0]["msg"] == "Input should be greater than or equal to 3"
    assert english.headers["Content-Language"] == "en"
    # A kind without a message of its own has that of the kind it belongs to.
    assert client.get("/gone", headers={"Accept-Language": "ko"}).json()["detail"] == "찾을 수 없습니다."
    assert client.get("/own", headers={"Accept-Language": "ko"}).json()["detail"] == "Sold on Monday."


class Gone(ondol.NotFound):
    code = "gone_for_good"
    detail = "It is gone."


def test_a_default_language_without_a_file_ends_the_start_with_a_sentence(tmp_path: Path, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        Runtime(
            Settings.model_validate({"environment": "test", "http": {"default_language": "fr"}}), languages=tmp_path
        )
    assert "HTTP__DEFAULT_LANGUAGE: There is no language 'fr'. Use one of: en." in capsys.readouterr().err
