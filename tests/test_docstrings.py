"""The examples in the docstrings of the public modules run, and no public name is undocumented."""

import ast
import asyncio
import doctest
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import pytest

from ondol.db.base import Base
from ondol.errors import Problem

SOURCE = Path(__file__).resolve().parents[1] / "src"
PUBLIC = [
    *("ondol", "ondol.errors", "ondol.keys", "ondol.languages", "ondol.money", "ondol.repository", "ondol.runtime"),
    *("ondol.settings", "ondol.types"),
    *("ondol.auth.caller", "ondol.auth.passwords", "ondol.auth.refresh", "ondol.auth.tokens", "ondol.cache"),
    *("ondol.db.base", "ondol.db.commit", "ondol.db.constraints", "ondol.db.filters", "ondol.db.pagination"),
    *("ondol.db.session", "ondol.jobs.queue", "ondol.mail.mailer", "ondol.observability.logging"),
    *("ondol.rate_limits.limiter", "ondol.testing.factory", "ondol.valkey.client"),
    *("ondol.web.app", "ondol.web.conditional", "ondol.web.idempotency", "ondol.web.problems", "ondol.web.public"),
    "ondol.web.unit_of_work",
]
DOCTESTS = [
    ".".join(file.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    for file in sorted(SOURCE.rglob("*.py"))
    if re.search(r"^ *>>> ", file.read_text(), re.MULTILINE)
]
USED = {
    node.module
    for file in (SOURCE.parent / "starter" / "app").rglob("*.py")
    for node in ast.walk(ast.parse(file.read_text()))
    if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("ondol.")
}
"""The modules that a project's app imports."""
BLOCK = re.compile(r"^ {4}.*(?:\n+ {4}.*)*", re.MULTILINE)
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def tree(module: str) -> ast.Module:
    file = importlib.import_module(module).__file__
    assert file is not None
    return ast.parse(Path(file).read_text())


def blocks(node: Documented) -> list[str]:
    """Return the indented blocks of a docstring."""
    return [textwrap.dedent(block) for block in BLOCK.findall(ast.get_docstring(node) or "")]


def documented(module: str) -> Iterator[Documented]:
    for node in ast.walk(tree(module)):
        if isinstance(node, Documented):
            yield node


async def run(block: str, name: str, **given: object) -> None:
    """Run a block on module level, with `await`, and remove the tables it adds to the starter's metadata."""
    code = compile(block, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    result = FunctionType(code, {"__name__": name, **given})()
    try:
        if inspect.iscoroutine(result):
            async with asyncio.timeout(30):
                await result
    finally:
        for mapper in [each for each in Base.registry.mappers if each.class_.__module__ == name]:
            Base.metadata.remove(mapper.local_table)  # type: ignore[arg-type]


@pytest.mark.parametrize("module", PUBLIC)
async def test_the_examples_of_a_module_run(
    module: str, database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    [example] = blocks(tree(module))
    assert 3 <= len(example.splitlines()) <= 8
    for node in documented(module):
        for number, block in enumerate(blocks(node)):
            name = f"example {number} of {getattr(node, 'name', module)}"
            await run(block, name, database_url=database_url, redis_url=redis_url, tmp_path=tmp_path)


@pytest.mark.parametrize("module", PUBLIC)
def test_a_module_says_what_it_is_for_and_when(module: str) -> None:
    text = (ast.get_docstring(tree(module)) or "").partition("\n    ")[0]
    assert len(re.findall(r"[.:](?:\s|$)", text)) >= 2, text


@pytest.mark.parametrize("module", DOCTESTS)
def test_the_doctests_of_a_module_pass(module: str) -> None:
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted
    assert not result.failed


@pytest.mark.parametrize("module", sorted({*PUBLIC, *USED, "ondol.cache.cache", "ondol.settings.load"}))
def test_every_public_name_has_a_docstring(module: str) -> None:
    assert list(undocumented(module)) == []


def undocumented(module: str) -> Iterator[str]:
    """Yield the names without a docstring. A method that overrides one needs none, nor a problem with a detail."""
    for node in tree(module).body:
        if not isinstance(node, Documented) or node.name.startswith("_"):
            continue
        found = getattr(importlib.import_module(module), node.name)
        told_by_detail = isinstance(found, type) and issubclass(found, Problem) and "detail" in vars(found)
        if ast.get_docstring(node) is None and not told_by_detail:
            yield found.__name__
        if isinstance(node, ast.ClassDef) and not getattr(found, "_is_protocol", False):
            yield from (f"{node.name}.{name}" for name in undocumented_methods(node, found))


def undocumented_methods(node: ast.ClassDef, class_: type) -> Iterator[str]:
    inherited = {name for base in class_.__mro__[1:] for name in vars(base)}
    for method in node.body:
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
            is_public = not method.name.startswith("_") and method.name not in inherited
            if is_public and ast.get_docstring(method) is None:
                yield method.name
