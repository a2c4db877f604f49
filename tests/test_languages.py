"""Messages in other languages: which one a request gets, and that Korean has them all."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any, get_args

import pytest
from fastapi import FastAPI, HTTPException
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
        ("en;q=0.1, xx;q=nan, ko;q=0.9", "ko"),
        ("ko;q=inf, en;q=0.5", "en"),
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


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("ko.toml", "problems = [", "ko.toml: "),
        ("ko.toml", 'title = "x"', "title must be a table."),
        ("ko.toml", "[fields]\nmissing = 1", "fields.missing must be a text."),
        ("ko.toml", '[fields]\nmissing = "{gt:>3}"', "Values in braces take no format."),
        ("ko.toml", '[fields]\nmissing = "{gt"', "expected '}'"),
        ("pt-BR.toml", "", "not that of a language"),
    ],
)
def test_a_fault_in_a_file_is_said_with_its_place(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(name)) as refused:
        Languages(tmp_path)
    assert said in str(refused.value)


def test_a_file_that_overrides_one_text_keeps_the_others(tmp_path: Path) -> None:
    (tmp_path / "ko.toml").write_text('[pages.home]\nrunning = "네"\n[mails.hello]\nsubject = "안녕"', encoding="utf-8")
    (tmp_path / "en.toml").write_text('[mails.hello]\nsubject = "Hello"\ntext = "Hi."', encoding="utf-8")
    languages = Languages(tmp_path)
    assert languages.text("ko", "pages", "home")["running"] == "네"
    assert languages.text("ko", "pages", "home")["up"] == "정상"
    assert languages.text("ko", "mails", "hello") == {"subject": "안녕", "text": "Hi."}


def test_members_of_a_projects_problem_are_its_own(languages: Languages) -> None:
    app = FastAPI()
    install_problems(app, ErrorBodies(languages=languages))

    @app.get("/rows")
    def rows() -> None:
        raise ondol.Conflict(errors=["row 3 is a duplicate"])

    answer = TestClient(app).get("/rows", headers={"Accept-Language": "ko"})
    assert (answer.status_code, answer.json()["errors"]) == (409, ["row 3 is a duplicate"])


def test_a_message_without_a_translation_is_called_english(tmp_path: Path) -> None:
    (tmp_path / "fr.toml").write_text('problems.conflict = "Un conflit."', encoding="utf-8")
    app = FastAPI()
    install_problems(app, ErrorBodies(languages=Languages(tmp_path)))

    @app.get("/conflict")
    def conflict() -> None:
        raise ondol.Conflict

    def told(path: str) -> tuple[str, str]:
        answer = TestClient(app).get(path, headers={"Accept-Language": "fr"})
        return answer.json()["detail"], answer.headers["Content-Language"]

    assert told("/conflict") == ("Un conflit.", "fr")
    assert told("/nowhere") == ("Not found.", "en")


def test_a_detail_of_ones_own_is_not_called_korean(languages: Languages) -> None:
    app = FastAPI()
    install_problems(app, ErrorBodies(languages=languages))

    @app.get("/odd")
    def odd() -> None:
        raise HTTPException(499, "My text")

    answer = TestClient(app).get("/odd", headers={"Accept-Language": "ko"})
    assert (answer.status_code, answer.json()["detail"]) == (499, "My text")
    assert answer.headers["Content-Language"] == "en"
