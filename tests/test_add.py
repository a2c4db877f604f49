"""`ondol add resource`: the code it writes, the arguments it refuses, and that it never writes a part."""

import difflib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from projects import add, bare_project

from ondol.db.migrations import SeveralHeads
from ondol.generator import plan as planning
from ondol.generator.add import add_resource
from ondol.generator.declaration import Options
from ondol.generator.fields import GRAMMAR, SpecError
from ondol.generator.resource import Readers
from ondol.project import ProjectError

STARTER = Path(__file__).resolve().parents[1] / "starter"
PRODUCT = (
    "product name:str:200:sort description:text:5000:default= price:decimal:12,2:min=0:sort:filter "
    "currency:str:3:default=KRW stock:int:min=0:max=1000000:default=0 "
    "--search name,description --public-read --cache 60"
)
BOOK = (
    "book title:str:200 isbn:str:13:unique price:decimal:10,2 pages:int:min=1 stock:int:default=0 "
    "summary:text:optional tags:list:str status:enum:draft,live:default=draft published_on:date:optional "
    "author:ref:authors metadata:json --owner --search title,summary --public-read --cache 30"
)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bare_project(tmp_path_factory.mktemp("pristine") / "shop")


@pytest.fixture
def project(tmp_path: Path, pristine: Path) -> Path:
    return Path(shutil.copytree(pristine, tmp_path / "shop"))


def contents(folder: Path) -> dict[str, bytes]:
    files = (file for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc")
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


# Words in the lines that differ between the shop and generated code.
SPECIAL = {
    "models": ["currency"],
    "schemas": ["examples=[", "Currency", "in_stock", "currency", "CURRENCY", "price: Price", "price: Decimal"],
    "repositories": ["in_stock"],
    "services": [
        "Change the given fields",
        "InvalidAmount",
        "MISSING",
        "fits(",
        "cache_seconds",
        "CACHE_SECONDS",
        "self._work.cached(",
        "# In memory too",
    ],
    "routers": ["Delete a product", "InvalidAmount", 'name="update"'],
}


def test_the_starters_products_are_what_is_written(project: Path) -> None:
    add(project, PRODUCT)
    for layer, special in SPECIAL.items():
        ours = (STARTER / "app" / layer / "products.py").read_text().splitlines()
        written = (project / "app" / layer / "products.py").read_text().splitlines()
        different = [line[2:].strip() for line in difflib.ndiff(ours, written) if line[:2] in ("- ", "+ ")]
        assert len(different) < len(ours) / 3, layer
        assert [line for line in different if len(line) > 1 and not any(word in line for word in special)] == [], layer


def test_the_database_checks_limits_and_choices(project: Path) -> None:
    add(project, "thing pages:int:min=1 stock:int:min=0 status:enum:draft,live type:enum:a,b-c:optional")
    [migration] = (project / "migrations" / "versions").glob("*_things.py")
    for file in (project / "app" / "models" / "things.py", migration):
        for check in ("pages >= 1", "stock >= 0", "status IN ('draft', 'live')", "type IN ('a', 'b-c')"):
            assert check in file.read_text(), (file, check)


def test_nothing_happens_twice(project: Path) -> None:
    add(project, "author name:str")
    before = contents(project)
    found = add_resource(project, "author", ["name:str"], Options())
    assert not found.after
    add(project, BOOK)
    # Restores only the line that was removed by hand.
    scopes = project / "app" / "scopes.py"
    text = scopes.read_text()
    scopes.write_text(text.replace('    AUTHORS_READ = "authors:read"\n', ""))
    found = add_resource(project, "author", ["name:str"], Options())
    assert list(found.after) == [Path("app/scopes.py")]
    found.apply()
    assert sorted(scopes.read_text().splitlines()) == sorted(text.splitlines())
    assert before.keys() < contents(project).keys()


def test_a_file_that_is_there_is_not_overwritten(project: Path) -> None:
    (project / "app" / "services" / "books.py").write_text("# mine\n")
    before = contents(project)
    with pytest.raises(ProjectError, match=r"with other content: app/services/books\.py"):
        add(project, "book title:str")
    assert contents(project) == before


def test_edits_survive_what_people_changed(project: Path) -> None:
    scopes, routers = project / "app" / "scopes.py", project / "app" / "routers" / "__init__.py"
    text = scopes.read_text().replace("class Scope(StrEnum):", 'class Scope(StrEnum):\n    """Ours."""\n')
    ours = "# nothing yet\n    Role.CUSTOMER: frozenset({Scope.USERS_READ}),  # for now\n    Role.ADMIN"
    scopes.write_text(re.sub(r"Role\.CUSTOMER: frozenset\(.*\),\n    Role\.ADMIN", ours, text, flags=re.DOTALL))
    routers.write_text(
        '"""한국어\u2028설명."""\n\nfrom __future__ import annotations\n'
        "from fastapi import APIRouter\nfrom app.routers import (\n    auth,  # first\n    users,\n)\n\n"
        "extra = APIRouter()\nROUTERS = [extra,\n  auth.router, users.router]   # all\n"
        "TAGS: list[dict[str, str]] = []\n"
    )
    add(project, "note body:text --owner")
    assert "    # nothing yet\n" in scopes.read_text()
    assert "frozenset({Scope.USERS_READ, Scope.NOTES_READ, Scope.NOTES_WRITE}),  # for now" in scopes.read_text()
    assert "ROUTERS = [extra,\n  auth.router, users.router, notes.router]   # all" in routers.read_text()
    assert '"notes"' in routers.read_text()
    compile(routers.read_text(), routers, "exec")  # `from __future__` is still the first import


def test_where_a_file_is_not_as_expected_nothing_changes_and_the_lines_are_told(project: Path) -> None:
    routers = project / "app" / "routers" / "__init__.py"
    routers.write_text("from app.routers import auth, users\n\nROUTERS = (auth.router, users.router)\nTAGS = []\n")
    before = contents(project)
    with pytest.raises(ProjectError) as refused:
        add(project, "note body:text")
    assert "app/routers/__init__.py does not have a list ROUTERS" in str(refused.value)
    assert "ROUTERS = [..., notes.router]" in str(refused.value)
    assert contents(project) == before
    # Lists that were extended by hand are extended further.
    routers.write_text(
        "from app.routers import auth, notes, users\n\nROUTERS = (auth.router, users.router, notes.router)\n"
        'TAGS = [{"name": "notes"}]\n'
    )
    by_hand = routers.read_text()
    add(project, "note body:text")
    assert routers.read_text() == by_hand
    assert (project / "app" / "routers" / "notes.py").exists()


def test_a_failure_half_way_restores_everything(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(project)
    found = add_resource(project, "note", ["body:text"], Options())
    write, number = planning._write, iter(range(len(found.after)))

    def fail_late(file: Path, text: str) -> None:
        if next(number, 0) == len(found.after) - 2:
            raise OSError("no space left on device")
        write(file, text)

    monkeypatch.setattr(planning, "_write", fail_late)
    with pytest.raises(OSError, match="no space"):
        found.apply()
    assert contents(project) == before
    assert not (project / "tests" / "repositories").exists()


@pytest.mark.whole
@pytest.mark.parametrize(
    ("spec", "position"),
    [
        ("title", 5),
        ("title:strr", 6),
        ("Title:str", 0),
        ("price:decimal", 13),
        ("price:decimal:10", 14),
        ("price:decimal:10,2:mim=1", 19),
        ("price:decimal:10,2:min=x", 23),
        ("price:decimal:10,2:min=3:default=1", 25),
        ("author:ref:writers", 11),
        ("status:enum:a,a", 12),
        ("tags:list:json", 10),
        ("summary:text:sort", 13),
        ("summary:str:optional:sort", 21),
        ("summary:text:unique", 13),
        ("pages:int:min=3:max=1", 16),
        ("is_open:bool:default=yes", 13),
        ("a:str:min=1", 6),
        ("a:str:optional:optional", 15),
        ("id:int", 0),
    ],
)
def test_a_wrong_spec_points_at_the_character(project: Path, spec: str, position: int) -> None:
    with pytest.raises(SpecError) as refused:
        add_resource(project, "thing", [spec], Options())
    assert str(refused.value).splitlines()[1:] == [f"  {spec}", "  " + " " * position + "^"]


# Wrong values of fields, and the type of Pydantic's error.
WRONG = {
    "name:str:20": [('""', "string_too_short"), ('"x" * 21', "string_too_long"), (r'"\0"', "string_pattern_mismatch")],
    "body:text:50": [('"x" * 51', "string_too_long"), (r'"\0"', "string_pattern_mismatch"), ("5", "string_type")],
    "mail:email": [('"x"', "email"), ("5", "string_type")],
    "device:uuid": [('"x"', "uuid_parsing"), ("5", "uuid_type")],
    "state:enum:a,b": [('"c"', "enum"), ("5", "enum")],
    "pages:int:min=1:max=9": [("0", "greater_than_equal"), ("10", "less_than_equal"), ("1.5", "int_from_float")],
    "stock:int": [("2**31", "less_than_equal"), ('"1"', "number_type"), ("True", "number_type")],
    "score:float:min=0:max=5": [("-1.0", "greater_than_equal"), ("6.0", "less_than_equal"), ('"1"', "number_type")],
    "price:decimal:5,2:min=0:max=9": [
        *(('"-1.00"', "greater_than_equal"), ('"10.00"', "less_than_equal"), ('"0.111"', "decimal_max_places")),
        *(('"NaN"', "finite_number"), ('"x"', "decimal_parsing"), ("1", "decimal_text")),
    ],
    "is_open:bool": [('"true"', "bool_type"), ("1", "bool_type")],
    "day:date": [('"2026-02-30"', "date_from_datetime_parsing"), ('"2026-01-01T00:00:00"', "date_text")],
    "at:datetime": [
        ('"2026-02-30T00:00:00Z"', "datetime_from_date_parsing"),
        ('"2026-01-01T00:00:00"', "datetime_text"),
    ],
    "tags:list:str": [('"x"', "list_type"), ('["x"] * 51', "too_long"), ('[""]', "string_too_short")],
    "more:json": [("[]", "dict_type"), (r'{"a": ["\0"]}', "json_text")],
}


def test_the_limits_of_a_field_hold(project: Path) -> None:
    add(project, f"thing {' '.join(WRONG)}")
    cases = ",".join(f"({spec.split(':')[0]!r}, {value}, {error!r})" for spec in WRONG for value, error in WRONG[spec])
    script = f"""
from pydantic import ValidationError
from app.schemas.things import ThingCreate, ThingUpdate
for name, value, kind in [{cases}]:
    for schema in (ThingCreate, ThingUpdate):
        try:
            schema.model_validate({{name: value}})
        except ValidationError as error:
            found = [each["type"] for each in error.errors() if each["loc"][0] == name]
            assert found == [kind], (name, value, found)
        else:
            raise AssertionError((name, value))
"""
    checked = subprocess.run([sys.executable, "-c", script], cwd=project, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(
    "name", ["class", "status", "exception", "user", "data", "news", "books", "sheep_s", "Book", "책"]
)
def test_names_that_would_not_work_are_refused(project: Path, name: str) -> None:
    with pytest.raises(ProjectError):
        add_resource(project, name, ["title:str"], Options())


@pytest.mark.parametrize(
    ("flags", "customers", "who"),
    [
        ([], [], "Read by administrators; written by administrators."),
        (["--customer-read"], ["NOTES_READ"], "Read by every customer; written by administrators."),
        (["--public-read"], [], "Read by anybody; written by administrators."),
        (["--owner"], ["NOTES_READ", "NOTES_WRITE"], "Read by its owner and administrators; written by its owner and"),
        (["--owner", "--public-read"], ["NOTES_WRITE"], "Read by anybody; written by its owner and administrators."),
    ],
)
def test_what_nobody_opened_is_for_administrators(
    project: Path, flags: list[str], customers: list[str], who: str
) -> None:
    command = [sys.executable, "-m", "ondol.cli", "add", "resource", "note", "body:text", *flags]
    said = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    assert who in said.stdout
    permitted = (project / "app" / "scopes.py").read_text().partition("Role.CUSTOMER: ")[2].partition("Role.ADMIN")[0]
    assert [name for name in ("NOTES_READ", "NOTES_WRITE", "NOTES_ALL") if name in permitted] == customers


def test_options_that_do_not_fit_are_refused(project: Path) -> None:
    for specs, options, plural, reason in (
        (["title:str"], Options(search=("body",)), None, "unknown field 'body'"),
        (["pages:int"], Options(search=("pages",)), None, "must be a str or text"),
        (["a:str", "a:int"], Options(), None, "two fields 'a'"),
        (["limit:str:filter"], Options(), None, "two query parameters 'limit'"),
        (["owner:ref:users"], Options(is_owned=True), None, "two fields 'owner_id'"),
        (["a" * 40 + ":str:sort"], Options(is_owned=True), "quite_a_few_of_them", "longer than PostgreSQL's 63"),
        (["session:ref:login_sessions"], Options(), None, "need a factory"),
        (["title:str"], Options(), "thing", "must differ"),
        (["title:str"], Options(is_owned=True, readers=Readers.CUSTOMERS), None, "--customer-read and --owner"),
        (["parent:ref:things"], Options(), None, "the first thing could refer to none"),
        (["title:str:unique=parent", "parent:ref:things:optional"], Options(), None, "Use one of: none"),
        (["update:enum:a,b"], Options(), None, "two ThingUpdate"),
        (["line_1:str", "line1:str"], Options(), None, "two Line1"),
        (["newest:int:sort"], Options(), None, "two NEWEST"),
        (
            ["title:str:unique=author"],
            Options(is_owned=True),
            None,
            "does not name a required reference. Use one of: owner",
        ),
    ):
        with pytest.raises(ProjectError, match=reason):
            add_resource(project, "thing", specs, options, plural=plural)


def test_two_newest_migrations_are_joined_first(project: Path) -> None:
    versions = project / "migrations" / "versions"
    for number in "ab":
        text = (versions / "0001_accounts.py").read_text()
        (versions / f"{number}.py").write_text(
            text.replace('revision = "0001"', f'revision = "{number}"').replace(
                "down_revision = None", 'down_revision = "0001"'
            )
        )
    with pytest.raises(SeveralHeads, match="ondol db merge"):
        add(project, "note body:text")


@pytest.mark.parametrize(
    ("one", "many"),
    [
        *(("book", "books"), ("category", "categories"), ("leap_day", "leap_days"), ("bus", "buses"), ("box", "boxes")),
        *(("church", "churches"), ("order_line", "order_lines"), ("person", "people"), ("analysis", "analyses")),
        *(
            ("quiz", "quizzes"),
            ("ship_status", "ship_statuses"),
            ("criterion", "criteria"),
            ("stock_index", "stock_indices"),
        ),
    ],
)
def test_the_plural_is_the_usual_one(project: Path, one: str, many: str) -> None:
    files = {str(path) for path in add_resource(project, one, ["name:str"], Options()).after}
    assert f"app/models/{many}.py" in files


@pytest.mark.parametrize("word", ["books", "order_lines", "people", "news"])
def test_a_plural_is_not_taken_for_one(project: Path, word: str) -> None:
    with pytest.raises(ProjectError, match="looks like a plural"):
        add_resource(project, word, ["name:str"], Options())


@pytest.mark.parametrize("shell", ["bash", pytest.param("zsh", marks=pytest.mark.whole)])
def test_every_spec_can_be_typed_without_quotes(project: Path, shell: str) -> None:
    """The examples of the grammar, and the long one above, as typed in a shell."""
    examples = [line.split()[-1] for line in GRAMMAR.splitlines() if line.startswith("  ") and ":" in line.split()[-1]]
    assert len(examples) >= 16
    typed = [*examples, *(word for word in BOOK.split() if ":" in word)]
    line = f"{sys.executable} -c 'import sys; print(*sys.argv[1:], sep=chr(10))' {' '.join(typed)}"
    finished = subprocess.run([shell, "-ic", line], capture_output=True, text=True, cwd=project)
    assert finished.stdout.splitlines() == typed


@pytest.mark.whole
def test_the_command(project: Path) -> None:
    command = [sys.executable, "-m", "ondol.cli", "add", "resource"]

    def ondol(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([*command, *arguments], cwd=project, capture_output=True, text=True)

    before = contents(project)
    shown = ondol("note", "body:text:default=", "--owner", "--cache", "5m", "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert "+++ b/app/models/notes.py" in shown.stdout
    assert "+CACHE_SECONDS = 300" in shown.stdout
    assert contents(project) == before
    patch = subprocess.run(["git", "apply", "--check"], input=shown.stdout, cwd=project, text=True, capture_output=True)
    assert patch.returncode == 0, patch.stderr

    wrong = ondol("note", "body:txt")
    assert wrong.returncode == 1
    assert wrong.stderr.splitlines()[-2:] == ["  body:txt", "       ^"]
    assert ondol("note", "body:text", "--cache", "soon").returncode == 2

    added = ondol("note", "body:text")
    assert added.returncode == 0
    assert "app/models/notes.py" in added.stdout
    assert "Nothing to do: the project has all of it already." in ondol("note", "body:text").stdout
    helped = ondol("--help").stdout
    for part in ("price:decimal:10,2:min=0:sort", "published_on:date:optional", "--public-read", "ondol add resource"):
        assert part in helped, helped
