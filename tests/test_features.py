"""Every feature of the starter except accounts and login sessions can be removed, and added again."""

from pathlib import Path
from shutil import copytree, ignore_patterns, rmtree

import pytest
from projects import RUFF, bare_project, replace, run
from updating import commit, git

from ondol.generator.create import create
from ondol.generator.features import take_out
from ondol.generator.origin import set_source, source_of
from ondol.generator.pristine import Origin, record, recorded_origin, tidy, write_pristine
from ondol.generator.update import abort, add_feature, remove_feature, update
from ondol.project import REPOSITORY_STARTER, ProjectError

FEATURES = ["audit", "email_change", "password_reset", "personal_data", "registration"]
OPTIONAL = ["audit", "email_change", "personal_data"]


def made(project: Path, without: list[str]) -> Path:
    """Return a project as `ondol new` makes it, without a virtual environment."""
    bare_project(project, without=without)
    set_source(project, source_of(project))
    record(project, Origin("shop", sample=False, starter=None, without=without), project)
    git(project, "init", "-q")
    commit(project, "all")
    return project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with every feature."""
    return made(tmp_path / "shop", [])


def assert_green(project: Path) -> None:
    for command in ("ruff check .", "ruff format --check .", "mypy app", "ondol.cli db check", "pytest -q -n 2"):
        finished = run(project, *command.split())
        assert finished.returncode == 0, (command, finished.stdout[-4_000:], finished.stderr[-1_000:])


@pytest.mark.parametrize(("wanted", "without"), [([], OPTIONAL), (["audit"], OPTIONAL[1:]), (OPTIONAL, [])])
def test_a_new_project_has_the_optional_ones_on_request(tmp_path: Path, wanted: list[str], without: list[str]) -> None:
    write_pristine(tmp_path / "shop", Origin("shop", sample=False, starter=None, wanted=wanted))
    for name in FEATURES:
        assert (tmp_path / "shop" / "app" / "routers" / f"{name}.py").exists() == (name not in without)


@pytest.mark.whole
@pytest.mark.parametrize("without", [*([name] for name in FEATURES), OPTIONAL, FEATURES], ids="+".join)
def test_a_project_without_it_is_green(tmp_path: Path, without: list[str]) -> None:
    project = bare_project(tmp_path / "shop", without=without)
    assert not [file for name in without for file in project.rglob(f"{name}.py")]
    assert not [file for file in project.rglob("*.py") for name in FEATURES if f"# {name}\n" in file.read_text()]
    assert_green(project)


@pytest.mark.whole
def test_the_sample_does_without_them_too(tmp_path: Path) -> None:
    project = bare_project(tmp_path / "shop", sample=True, without=FEATURES)
    for command in ("ruff check .", "mypy app"):
        finished = run(project, *command.split())
        assert finished.returncode == 0, finished.stdout
    assert (project / "app" / "routers" / "orders.py").exists()


@pytest.mark.whole
def test_one_is_removed_from_a_project_and_a_migration_drops_its_table(project: Path) -> None:
    users = project / "app" / "routers" / "users.py"
    users.write_text(f"{users.read_text()}\n\n# ours\n")
    commit(project, "all")
    removed = remove_feature(project, "audit")
    assert "app/services/audit.py" in removed.changed
    assert not (project / "app" / "services" / "audit.py").exists()
    assert users.read_text().endswith("# ours\n")
    assert recorded_origin(project).without == ["audit"]
    written = run(project, "ondol.cli", "db", "revision", "no_audit")
    assert written.returncode == 0, written.stderr
    assert "It drops the table audit_log" in written.stdout + written.stderr
    commit(project, "all")
    assert not remove_feature(project, "audit").changed
    remove_feature(project, "registration")
    assert_green(project)
    commit(project, "no registration")
    add_feature(project, "audit")
    for command in ("upgrade", "downgrade base", "upgrade"):
        finished = run(project, "ondol.cli", "db", *command.split())
        assert finished.returncode == 0, (command, finished.stderr)


@pytest.mark.whole
def test_one_is_added_and_its_migration_follows_the_newest(tmp_path: Path) -> None:
    project = made(tmp_path / "shop", OPTIONAL)
    written = run(project, "ondol.cli", "add", "resource", "note", "body:text", "--owner")
    assert written.returncode == 0, written.stderr
    commit(project, "ours")
    told = run(project, "ondol.cli", "add", "feature", "audit")
    assert told.returncode == 0, told.stderr
    assert "uv run ondol db upgrade" in told.stdout
    [notes, audit] = sorted((project / "migrations" / "versions").glob("2*.py"))
    assert f'down_revision = "{notes.name.partition("_")[0]}"' in audit.read_text()
    assert recorded_origin(project).without == OPTIONAL[1:]
    commit(project, "audit")
    assert_green(project)
    add_feature(project, "personal_data")
    commit(project, "personal data")
    assert_green(project)


@pytest.mark.whole
def test_one_that_is_added_and_removed_leaves_only_its_migration(tmp_path: Path) -> None:
    project = made(tmp_path / "shop", OPTIONAL)
    before = git(project, "rev-parse", "HEAD")
    added = add_feature(project, "audit")
    assert added.conflicts == []
    assert "app/services/audit.py" in added.changed
    commit(project, "audit")
    remove_feature(project, "audit")
    commit(project, "no audit")
    changed = git(project, "diff", "--name-only", before, "HEAD").splitlines()
    [migration] = set(changed) - {".starter.zip"}
    assert migration.startswith("migrations/versions/2")
    again = add_feature(project, "audit")
    assert len([name for name in again.changed if name.startswith("migrations/")]) == 1


@pytest.mark.whole
def test_edits_of_the_lines_that_one_adds_to_are_conflicts(tmp_path: Path) -> None:
    project = made(tmp_path / "shop", OPTIONAL)
    replace(project / "app" / "access.py", "        raise refused\n", "        raise refused  # ours\n")
    commit(project, "ours")
    assert add_feature(project, "audit").conflicts == ["app/access.py"]
    abort(project)
    assert git(project, "status", "--porcelain") == ""
    assert recorded_origin(project).without == OPTIONAL


def test_a_name_whose_import_goes_is_found_wherever_it_was_moved(project: Path) -> None:
    routers = project / "app" / "routers" / "__init__.py"
    replace(routers, "    password_reset.router,\n", "")
    replace(routers, "    users.router,\n", "    password_reset.router,\n    users.router,\n")
    commit(project, "ours")
    with pytest.raises(ProjectError, match=r"Your files use password_reset: app/routers/__init__\.py"):
        remove_feature(project, "password_reset")
    assert git(project, "status", "--porcelain") == ""


@pytest.mark.whole
def test_staged_work_outlives_a_refusal_and_an_abort(tmp_path: Path) -> None:
    project = made(tmp_path / "shop", OPTIONAL)
    add_feature(project, "audit")
    git(project, "reset", "--hard", "--quiet")
    (project / "work.py").write_text("1\n")
    git(project, "add", "work.py")
    with pytest.raises(ProjectError, match="already committed or undone"):
        abort(project)
    assert (project / "work.py").exists()


@pytest.mark.whole
def test_staged_work_beside_a_project_in_a_folder_is_refused(tmp_path: Path) -> None:
    project = made(tmp_path / "shop", OPTIONAL)
    rmtree(project / ".git")
    git(tmp_path, "init", "-q")
    commit(tmp_path, "all")
    (tmp_path / "other.txt").write_text("work")
    git(tmp_path, "add", "other.txt")
    with pytest.raises(ProjectError, match="staged changes outside of the project"):
        add_feature(project, "audit")
    with pytest.raises(ProjectError, match="nothing to abort"):
        abort(project)
    assert (tmp_path / "other.txt").exists()


@pytest.mark.whole
def test_features_of_a_newer_starter_come_on_request_and_those_that_it_dropped_are_forgotten(tmp_path: Path) -> None:
    starter = copytree(REPOSITORY_STARTER, tmp_path / "starter", ignore=ignore_patterns(".*", "__pycache__", "vendor"))
    origin = Origin("shop", False, str(starter), ["registration"], wanted=["audit"])
    project = tmp_path / "shop"
    write_pristine(project, origin)
    set_source(project, source_of(starter))
    tidy(project, *RUFF)
    record(project, origin, project)
    git(project, "init", "-q")
    commit(project, "all")
    (starter / "app" / "routers" / "billing.py").write_text("1\n")
    features = 'registration = ["registration"]\n'
    replace(starter / "pyproject.toml", features, 'billing = ["billing"]\n')
    replace(starter / "pyproject.toml", '"sample", ', '"sample", "billing", ')
    with pytest.raises(ProjectError, match="starter is newer"):
        add_feature(project, "billing")
    assert "app/routers/billing.py" not in update(project).changed
    commit(project, "updated")
    assert add_feature(project, "billing").changed == ["app/routers/billing.py"]


def test_one_that_is_there_or_unknown_is_not_added(tmp_path: Path) -> None:
    project = made(tmp_path / "shop", OPTIONAL)
    with pytest.raises(ProjectError, match="The project has 'registration' already"):
        add_feature(project, "registration")
    for name in ("auth", "sample"):
        with pytest.raises(ProjectError, match=f"Unknown feature '{name}'. Use one of: {', '.join(FEATURES)}"):
            add_feature(project, name)


@pytest.mark.parametrize(
    ("wanted", "without", "reason"),
    [
        (["adit"], [], "Unknown feature 'adit'"),
        (["sample"], [], "Unknown feature 'sample'"),
        ([], ["users"], "Unknown feature 'users'"),
        (["audit"], ["audit"], "'audit' cannot be both"),
    ],
)
def test_a_new_project_is_not_made_of_wrong_names(
    tmp_path: Path, wanted: list[str], without: list[str], reason: str
) -> None:
    with pytest.raises(ProjectError, match=reason):
        create(tmp_path / "a" / "blog", sample=False, starter=None, wanted=wanted, without=without)
    assert not (tmp_path / "a").exists()


@pytest.mark.whole
def test_the_command_proposes_a_migration_only_where_the_models_changed(project: Path) -> None:
    told = run(project, "ondol.cli", "remove", "registration")
    assert told.returncode == 0, told.stderr
    assert "ondol db check    # if it fails: uv run ondol db revision no_registration" in told.stdout
    assert run(project, "ondol.cli", "db", "check").returncode == 0


def test_where_its_files_were_edited_nothing_changes(project: Path) -> None:
    service = project / "app" / "services" / "registration.py"
    service.write_text(service.read_text().replace("hours=24", "hours=48"))
    with pytest.raises(ProjectError, match="not committed"):
        remove_feature(project, "registration")
    commit(project, "all")
    with pytest.raises(ProjectError, match=r"You edited lines of registration: app/services/registration\.py"):
        remove_feature(project, "registration")
    assert git(project, "status", "--porcelain") == ""
    assert recorded_origin(project).without == []
    forced = remove_feature(project, "registration", force=True)
    assert forced.conflicts == ["app/services/registration.py"]
    abort(project)
    assert git(project, "status", "--porcelain") == ""


def test_where_a_file_of_ones_own_uses_it_nothing_changes(project: Path) -> None:
    (project / "app" / "services" / "reports.py").write_text("from app.services.audit import AuditService as Log\n")
    (project / "app" / "services" / "lists.py").write_text("from app.models import audit\n")
    commit(project, "all")
    with pytest.raises(ProjectError, match=r"use audit: app/services/lists\.py, app/services/reports\.py\. `--force`"):
        remove_feature(project, "audit")
    assert git(project, "status", "--porcelain") == ""


def test_one_that_is_not_there_is_refused(project: Path) -> None:
    there = "Use one of: audit, email_change, password_reset, personal_data, registration"
    with pytest.raises(ProjectError, match=f"Unknown feature 'auth'. {there}"):
        remove_feature(project, "auth")


TEXT = """\
1
2  # a
3  # noqa  # b
# a: begin
4
# b: begin
5
# b: end
6  # b
# a: end
7  # c
8 # a b
"""


@pytest.mark.parametrize(
    ("without", "left"),
    [
        ([], ["1", "2", "3  # noqa", "4", "5", "6", "7  # c", "8 # a b"]),
        (["a"], ["1", "3  # noqa", "7  # c", "8 # a b"]),
        (["b"], ["1", "2", "4", "7  # c", "8 # a b"]),
        (["a", "b"], ["1", "7  # c", "8 # a b"]),
    ],
)
def test_marks_go_and_the_lines_of_what_is_taken_out(tmp_path: Path, without: list[str], left: list[str]) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.ondol.features]\na = ["a"]\nb = ["y/c.py"]\n')
    for name in ("x/a.py", "x/test_a.py", "y/c.py", "y/d.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "main.py").write_text(TEXT)
    take_out(tmp_path, without)
    assert (tmp_path / "main.py").read_text().splitlines() == left
    assert (tmp_path / "x").exists() == ("a" not in without)
    assert (tmp_path / "y" / "c.py").exists() == ("b" not in without)
