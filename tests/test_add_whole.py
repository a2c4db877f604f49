"""Generated resources work: many in one project, and their tests detect mutations."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from projects import add, bare_project, run

from ondol.dev.processes import ProcessIdentity
from ondol.dev.servers import Attachment, StateFolder, attached
from ondol.generator.add import add_field
from ondol.generator.declaration import declared
from ondol.generator.remove import remove_resource

pytestmark = pytest.mark.whole

RESOURCES = [
    "author name:str:100:sort born_on:date:optional --public-read --search name",
    "book title:str:200:sort isbn:str:13:unique price:decimal:10,2:sort:filter pages:int:min=1 stock:int:default=0 "
    "summary:text:optional tags:list:str:filter status:enum:draft,live:default=draft published_on:date:optional:filter "
    "author:ref:authors metadata:json class:str:20:filter --owner --search title,summary --cache 30",
    "category title:str:50:sort parent:ref:categories:optional --public-read",
    "bus plate:str:8:unique seats:int:min=1:max=99:sort:filter is_electric:bool:default=false --customer-read",
    "news_item headline:str:120 body:text --public-read --search headline,body --plural news --cache 60",
    "person contact:email:unique:sort device:uuid:filter --owner",
    "note body:text:default= --owner",
    "copy number:int:sort model_config:str:30 copy:int json:json schema:str:optional limit:int "
    "order:int:min=0:sort:filter user:str:20 date:date:sort:filter type:enum:a,b-c --owner --public-read",
    "review book:ref:books score:float:min=0:max=5:sort:filter comment:text:100:optional --owner",
    "booking starts_at:datetime:sort:filter ends_at:datetime:optional:filter seat:str:3:filter "
    "price:decimal:30,10:min=-5:max=5:default=0 --owner --cache 300",
    "sensor readings:list:int devices:list:uuid:optional labels:list:str:30:default=:filter options:json:default= "
    "--public-read",
    "member user:ref:users role:enum:reader,writer level:int:min=-3:max=3:default=-1:filter",
    "big_number value:int:max=9000000000000000000:sort:filter ratio:decimal:5,4 whole:decimal:5,0:sort "
    "tiny:str:1:filter --cache 3600",
    "follow_up parent:ref:follow_ups:optional book:ref:books:optional import:str:20:unique from:text:optional "
    "--owner --search from",
    "reply review:ref:reviews text:text line:str:20 email:email:optional:filter --owner --public-read --search text "
    "--cache 2",
    "membership member:ref:members --public-read",
    "measurement value:float:sort taken_on:date:sort:filter is_valid:bool --public-read --cache 30",
    "shift opens_at:time:sort:filter closes_at:time:optional name:str:50:unique=author author:ref:authors "
    "--public-read",
    "place name:str:50:unique=owner day:date:unique --owner",
]
MORE = [
    "author country:str:2:default=KR:sort:filter wakes_at:time:optional:filter",
    "book language:enum:ko,en-us:default=en-us series:ref:categories:optional weight:decimal:6,3:min=0:default=1:sort "
    "number:int:unique:optional labels:list:str:20:default=:filter is_open:bool:default=true options:json:default=",
    "place city:ref:categories:optional nickname:str:30:unique=owner:optional",
    "note review:ref:reviews:optional rank:float:default=0.5:sort",
]
MAX_TEST_LINES = 160  # for the resource with the most fields; usual ones have fewer than 120
PLURALS = [
    *("authors", "books", "categories", "buses", "news", "people", "notes", "copies", "reviews", "bookings"),
    *("members", "big_numbers", "follow_ups", "replies", "measurements", "memberships"),
    *("shifts", "places"),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bare_project(tmp_path_factory.mktemp("add") / "shop")


@pytest.fixture(scope="module")
def shared_servers(project: Path) -> Iterator[dict[str, str]]:
    """Yield the environment for test runs in the project: shared servers, and the URL of an empty database."""
    me = ProcessIdentity.of(os.getpid())
    state = StateFolder.temporary(project, f"add-{me}")
    with attached(state, temporary=True) as found:
        yield {"ONDOL_TEST_STATE": str(state.path), "ONDOL_TEST_HOLDER": str(me), "DATABASE_URL": _database(found)}


def _database(servers: Attachment) -> str:
    url = servers.database_url
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE matrix")
    return f"{url.rpartition('/')[0]}/matrix"


def test_many_resources_in_one_project(project: Path, shared_servers: dict[str, str]) -> None:
    for line in RESOURCES:
        add(project, line)
    files = [f"tests/api/test_{plural}.py" for plural in PLURALS]
    assert max(len((project / file).read_text().splitlines()) for file in files) <= MAX_TEST_LINES
    _check(project, shared_servers)
    sql = project / "all.sql"
    sql.write_text(run(project, "ondol.cli", "db", "upgrade", "--sql").stdout)
    squawk = Path(sys.executable).with_name("squawk")
    linted = subprocess.run([squawk, "all.sql"], cwd=project, capture_output=True, text=True)
    assert linted.returncode == 0, linted.stdout
    sql.unlink()
    for line in MORE:
        name, *specs = line.split()
        add_field(project, name, specs).apply()
    remove_resource(project, "sensor").apply()
    _check(project, shared_servers)

    environment = {name: text for name, text in shared_servers.items() if name != "DATABASE_URL"}
    contract = [f"tests/test_contract.py::{name}" for name in ("test_resources", "test_document", "test_schemathesis")]
    tested = run(project, "pytest", "-q", "-n", "2", *files, *contract, **environment)
    assert tested.returncode == 0, tested.stdout[-5_000:]
    assert int(tested.stdout.split(" passed")[0].split()[-1]) > 16 * 15


def _check(project: Path, servers: dict[str, str]) -> None:
    """Check format and types of the project, and that its migrations match the models in both directions."""
    for check in (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy", "app"]):
        finished = run(project, *check)
        assert finished.returncode == 0, finished.stdout
    for command in ("upgrade", "check", "downgrade base", "upgrade", "check"):
        migrated = run(project, "ondol.cli", "db", *command.split(), **servers)
        assert migrated.returncode == 0, (command, migrated.stderr)


# Mutations: the file, the original text, its replacement, and the test that must fail.
MUTANTS = {
    "the owner's condition": (
        "app/routers/books.py",
        "user.owner(Scope.BOOKS_ALL)",
        "user.owner(Scope.BOOKS_READ)",
        "test_who_may and other",
    ),
    "the scope": (
        "app/routers/books.py",
        "Security(current_user, scopes=[Scope.BOOKS_WRITE])",
        "Security(current_user)",
        "test_every_operation_says_who_may_call_it",
    ),
    "the version": (
        "app/services/books.py",
        "book.require_version(expected_versions)",
        "pass",
        "test_of_many_writers_at_once_one_wins and books",
    ),
    "the conflict's name": (
        "app/services/books.py",
        'violation_as(IsbnTaken, "uq_books_isbn")',
        'violation_as(IsbnTaken, "uq_books")',
        "test_of_two_with_the_same_isbn_one_is_refused",
    ),
    "404 for what is not theirs": (
        "app/services/books.py",
        "class BookNotFound(NotFound)",
        "class BookNotFound(Forbidden)",
        "test_who_may and other",
    ),
    "the commit": (
        "app/routers/books.py",
        "Depends(in_transaction(BookService))",
        "Depends(read_only(BookService))",
        "test_one_is_created",
    ),
    "dropping what is cached": (
        "app/services/books.py",
        "        self._work.invalidate(book_tag(book_id))\n",
        "",
        "test_a_change_is_seen_by_the_next_read and books",
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_written_tests_notice(project: Path, shared_servers: dict[str, str], name: str) -> None:
    if "books" not in declared(project):
        add(project, RESOURCES[0])
        add(project, RESOURCES[1])
    path, original, mutant, test = MUTANTS[name]
    file = project / path
    text = file.read_text()
    assert original in text
    changed = text.replace(original, mutant)
    if "Forbidden" in mutant:
        changed = changed.replace("from ondol import Conflict,", "from ondol import Conflict, Forbidden,")
    file.write_text(changed)
    environment = {name: text for name, text in shared_servers.items() if name != "DATABASE_URL"}
    files = ["tests/api/test_books.py", "tests/test_contract.py"]
    try:
        tested = run(
            project, "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", "-k", test, *files, **environment
        )
    finally:
        file.write_text(text)
    assert tested.returncode == 1, tested.stdout[-3_000:]
    assert "1 failed" in tested.stdout
