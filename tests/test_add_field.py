"""`ondol add field` and `ondol remove resource` keep edits made by hand, or refuse."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from projects import add, bare_project
from updating import commit, git

from ondol.generator.add import add_field
from ondol.generator.declaration import declared
from ondol.generator.fields import SpecError
from ondol.generator.remove import remove_resource
from ondol.project import ProjectError

AUTHOR = "author name:str:100 --public-read --search name"
BOOK = "book title:str:200 author:ref:authors --owner --cache 30"


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = bare_project(tmp_path_factory.mktemp("pristine") / "shop")
    git(project, "init", "-q")
    commit(project, "all")
    return project


@pytest.fixture
def project(tmp_path: Path, pristine: Path) -> Path:
    return Path(shutil.copytree(pristine, tmp_path / "shop"))


def changed(project: Path) -> list[str]:
    """Return the changed files according to git, without migrations."""
    found = git(project, "status", "--porcelain", "-uall").splitlines()
    return [line for line in found if "migrations/versions" not in line]


def edit(project: Path, path: str, old: str, new: str) -> None:
    file = project / path
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


@pytest.mark.parametrize("mode", ["--owner", "--customer-read", "--public-read", "--owner --public-read", ""])
def test_added_then_removed_leaves_nothing_but_migrations(project: Path, mode: str) -> None:
    add(project, f"note body:text {mode}")
    assert len(changed(project)) > 8
    removed = remove_resource(project, "note")
    assert removed.warnings == ["The migration drops the table notes. First deploy code that does not use it."]
    removed.apply()
    assert changed(project) == []
    _, last = sorted((project / "migrations" / "versions").glob("2*.py"))
    assert last.name.endswith("_no_notes.py")
    upgrade, _, downgrade = last.read_text().partition("def downgrade()")
    assert 'op.drop_table("notes")' in upgrade
    assert 'op.create_table(\n        "notes"' in downgrade


def test_of_two_one_goes_and_the_other_stays_as_it_was(project: Path) -> None:
    add(project, AUTHOR)
    commit(project, "all")
    add(project, BOOK)
    remove_resource(project, "books").apply()
    assert changed(project) == []
    assert list(declared(project)) == ["authors"]


def test_what_was_edited_or_is_used_is_named(project: Path) -> None:
    add(project, AUTHOR)
    add(project, BOOK)
    edit(project, "app/services/books.py", "There is no such book.", "No such book.")
    commit(project, "all")
    with pytest.raises(ProjectError, match=r"You edited app/services/books\.py\. Nothing was changed; `--force`"):
        remove_resource(project, "book")
    with pytest.raises(
        ProjectError, match=r"Other files use authors: app/models/books\.py, tests/support/factories/books\.py"
    ):
        remove_resource(project, "author", force=True)
    with pytest.raises(ProjectError, match=r"Unknown resource 'user'\. `ondol add resource` wrote: author, book"):
        remove_resource(project, "user")
    assert changed(project) == []
    remove_resource(project, "book", force=True).apply()
    remove_resource(project, "author").apply()
    assert not (project / "app" / "services" / "books.py").exists()
    assert "[tool.ondol" not in (project / "pyproject.toml").read_text()


def test_a_field_comes_into_files_that_were_edited(project: Path) -> None:
    add(project, BOOK.replace("author:ref:authors ", ""))
    edit(project, "app/services/books.py", "There is no such book.", "No such book.")
    edit(project, "app/models/books.py", '    __tablename__ = "books"\n', '    __tablename__ = "books"  # ours\n')
    grown = add_field(project, "book", ["isbn:str:13:unique", "pages:int:min=1:sort"])
    assert len(grown.warnings) == 2
    grown.apply()
    service, model = (project / "app" / layer / "books.py" for layer in ("services", "models"))
    assert "No such book." in service.read_text()
    assert 'violation_as(IsbnTaken, "uq_books_isbn")' in service.read_text()
    assert '__tablename__ = "books"  # ours' in model.read_text()
    assert "pages: Mapped[int]" in model.read_text()
    assert declared(project)["books"].fields == ("title:str:200", "isbn:str:13:unique", "pages:int:min=1:sort")
    [_, migration] = sorted((project / "migrations" / "versions").glob("2*.py"))
    for line in (
        'op.create_check_constraint(op.f("ck_books_pages_minimum")',
        "ix_books_owner_id_pages_id",
        "uq_books_isbn",
    ):
        assert line in migration.read_text()


def test_a_field_that_finds_no_place_changes_nothing(project: Path) -> None:
    add(project, BOOK.replace("author:ref:authors ", ""))
    edit(project, "app/schemas/books.py", "    title: str\n    version", "    title: Name\n    # secret\n    version")
    commit(project, "all")
    with pytest.raises(ProjectError) as refused:
        add_field(project, "book", ["pages:int:default=1"])
    assert "app/schemas/books.py" in str(refused.value)
    assert "+    pages: int" in str(refused.value)
    assert changed(project) == []


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("title:str", "two fields 'title'"),
        ("pages:ant", "Unknown type 'ant'"),
        ("author:ref:writers", "Unknown table 'writers'"),
        ("name:str:unique=author", "does not name a required reference. Use one of: owner"),
        ("created_at:date", "Every resource already has"),
    ],
)
def test_a_wrong_field_is_refused(project: Path, spec: str, reason: str) -> None:
    add(project, BOOK.replace("author:ref:authors ", ""))
    with pytest.raises((SpecError, ProjectError), match=reason):
        add_field(project, "book", [spec])


def test_a_record_that_was_broken_is_named(project: Path) -> None:
    add(project, AUTHOR)
    edit(project, "pyproject.toml", 'name = "author"', "")
    with pytest.raises(ProjectError, match=r"pyproject\.toml: \[tool\.ondol\.resources\.authors\] is invalid"):
        remove_resource(project, "author")


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("app/scopes.py", "Role.ADMIN: frozenset(Scope)", "Role.ADMIN: frozenset({Scope.AUTHORS_WRITE})"),
        ("app/routers/audit.py", "router = ", "X = Scope.AUTHORS_WRITE\nrouter = "),
        ("app/models/audit.py", "class AuditEntry", 'X = orm.ForeignKey("authors.id")\n\n\nclass AuditEntry'),
    ],
)
def test_it_is_not_removed_from_under_others(project: Path, path: str, old: str, new: str) -> None:
    add(project, AUTHOR)
    edit(project, path, old, new)
    commit(project, "all")
    with pytest.raises(ProjectError, match=f"Other files use authors: {path}"):
        remove_resource(project, "author", force=True)
    assert changed(project) == []


def test_the_record_is_one_among_other_tables(project: Path) -> None:
    add(project, AUTHOR)
    file = project / "pyproject.toml"
    ours = file.read_text().replace("[tool.ondol.resources.authors]", '[tool.ondol.resources."authors"] # ours')
    file.write_text(f"{ours}\n# kept\n[tool.other]\nx = [\n  [1],\n]\n")
    add_field(project, "author", ["born_on:date:optional"]).apply()
    assert declared(project)["authors"].fields == ("name:str:100", "born_on:date:optional")
    assert "# kept\n[tool.other]\nx = [\n  [1],\n]\n" in file.read_text()
    remove_resource(project, "author").apply()
    assert declared(project) == {}
    assert "authors" not in file.read_text()
    assert "# kept\n[tool.other]\nx = [\n  [1],\n]\n" in file.read_text()


def test_two_fields_at_once_and_files_with_crlf(project: Path) -> None:
    add(project, AUTHOR)
    add(project, BOOK.replace("author:ref:authors ", ""))
    service = project / "app" / "services" / "books.py"
    service.write_bytes(service.read_bytes().replace(b"\n", b"\r\n"))
    add_field(project, "book", ["code:str:20:unique=writer", "writer:ref:authors"]).apply()
    assert service.read_bytes().count(b"\r\n") == service.read_bytes().count(b"\n") > 50
    migration = max((project / "migrations" / "versions").glob("2*.py")).read_text()
    assert migration.index('"writer_id", sa.Uuid()') < migration.index("uq_books_writer_id_code")


def test_a_circle_of_references_is_refused(project: Path) -> None:
    add(project, AUTHOR)
    add(project, BOOK)
    with pytest.raises(ProjectError, match="books already refer to authors, so tests could create neither first"):
        add_field(project, "author", ["favourite:ref:books:optional"])


@pytest.mark.whole
def test_the_commands(project: Path) -> None:
    def ondol(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "ondol.cli", *arguments], cwd=project, capture_output=True, text=True
        )

    add(project, AUTHOR)
    commit(project, "all")
    shown = ondol("add", "field", "author", "pages:int", "--dry-run")
    assert "Warning: authors.pages is NOT NULL without default" in shown.stdout
    assert "+    pages: Mapped[int]" in shown.stdout
    assert changed(project) == []
    grown = ondol("add", "field", "author", "pages:int:default=1")
    assert "  changed  app/models/authors.py" in grown.stdout
    assert "ondol db upgrade" in grown.stdout
    removed = ondol("remove", "resource", "author")
    assert "  removed  app/models/authors.py" in removed.stdout
    for arguments, code in ((["resource"], 2), (["audit", "author"], 2), (["audit", "--dry-run"], 2), (["audit"], 1)):
        assert ondol("remove", *arguments).returncode == code, arguments  # the last one, which is not committed
