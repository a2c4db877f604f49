"""Each layer imports only lower layers. Read the table before you move code between folders."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parents[1] / "app"
FILES = sorted(APP.rglob("*.py"))

# layer: module prefixes it must not import
FORBIDDEN = {
    "routers": ["sqlalchemy", "procrastinate", "app.models", "app.repositories", "app.jobs"],
    "services": ["fastapi", "starlette", "ondol.web", "app.routers", "app.access", "app.jobs"],
    "repositories": ["fastapi", "starlette", "ondol.web", "app.routers", "app.access", "app.services"],
    "schemas": ["fastapi", "starlette", "sqlalchemy", "ondol.web", "app.models", "app.repositories", "app.services"],
    "models": ["fastapi", "starlette", "app.schemas", "app.repositories", "app.services", "app.routers"],
}
# Features that share one table, mailed_tokens.
ONE_IDEA = dict.fromkeys(("registration.py", "password_reset.py", "email_change.py"), "mailed_tokens.py")
WITHOUT_A_TABLE = {
    "models": {"dashboard.py", "personal_data.py"},
    "repositories": {"personal_data.py"},
}
QUERIES = {"select", "insert", "update", "delete"}


def imports(file: Path) -> Iterator[tuple[str, list[str]]]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", [alias.name for alias in node.names]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(APP)))
def test_layers(file: Path) -> None:
    layer = file.relative_to(APP).parts[0]
    for module, names in imports(file):
        for forbidden in FORBIDDEN.get(layer, []):
            assert not f"{module}.".startswith(f"{forbidden}."), f"{layer} imports {module}"
        if module.startswith("sqlalchemy") and layer != "repositories":
            assert not QUERIES & set(names), "queries belong in repositories"
        if layer == "models" and module.startswith("ondol"):
            assert module.startswith("ondol.db")
        assert not (module.split(".")[0] in {"fastapi", "starlette"} and "._" in module)
        assert not (layer in {"routers", "services"} and module == "typing" and "Any" in names), "name the type"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(APP)))
def test_no_import_hides_in_a_function_and_no_file_grows(file: Path) -> None:
    text = file.read_text()
    assert len(text.splitlines()) <= 300
    for function in ast.walk(ast.parse(text)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            assert not [node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)]


def test_a_feature_has_the_same_name_in_every_layer() -> None:
    routers = {file.name for file in (APP / "routers").glob("[!_]*.py")}
    for layer in ("services", "schemas"):
        assert routers <= {file.name for file in (APP / layer).glob("*.py")}, layer
    shared = {ONE_IDEA.get(name, name) for name in routers}
    for layer in ("repositories", "models"):
        assert shared - WITHOUT_A_TABLE.get(layer, set()) <= {file.name for file in (APP / layer).glob("*.py")}, layer
