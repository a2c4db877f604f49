"""Render a resource: with the templates, then ruff with the project's settings."""

import ast
import builtins
import json
import keyword
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ondol.db.migrations import heads, refuse_several_heads
from ondol.db.revisions import VERSIONS
from ondol.generator.columns import Column
from ondol.generator.kinds.text import member
from ondol.generator.resource import Check, Index, Resource
from ondol.generator.revisions import next_revision
from ondol.generator.tools import ruff_program, run

Change = Literal["create", "drop", "add_fields"]
# The file of each template. `{}`: the plural.
APP_FILES = {
    "models": "app/models/{}.py",
    "schemas": "app/schemas/{}.py",
    "repositories": "app/repositories/{}.py",
    "services": "app/services/{}.py",
    "routers": "app/routers/{}.py",
}
TEST_FILES = {
    "factory": "tests/support/factories/{}.py",
    "test_api": "tests/api/test_{}.py",
}


def render(template: str, resource: Resource, **more: Any) -> str:
    """Return the text of one file, not yet tidy."""
    return _environment().get_template(f"{template}.py.jinja").render(r=resource, **more)


def render_all(resource: Resource) -> dict[Path, str]:
    """Return the resource's own files without its migration, not yet tidy."""
    return {
        Path(path.format(resource.plural)): render(name, resource) for name, path in (APP_FILES | TEST_FILES).items()
    }


@dataclass(frozen=True)
class Growth:
    """A resource before and after fields are added to it."""

    former: Resource
    resource: Resource

    @property
    def columns(self) -> list[Column]:
        return self.resource.columns[len(self.former.columns) :]

    @property
    def checks(self) -> list[Check]:
        return [check for check in self.resource.checks if check not in self.former.checks]

    @property
    def indexes(self) -> list[Index]:
        return [index for index in self.resource.indexes if index not in self.former.indexes]


def migration(
    project: Path, change: Change, resource: Resource, title: str, *, growth: Growth | None = None
) -> dict[Path, str]:
    """Return the migration that creates the resource's table, drops it, or adds the new columns."""
    refuse_several_heads(project)
    revision, newest = next_revision(project), heads(project)
    more = {"change": change, "title": title, "new": growth}
    more |= {"revision": revision, "down_revision": newest[0] if newest else None}
    words = {"create": "", "drop": "no_", "add_fields": "more_of_"}[change]
    return {VERSIONS / f"{revision}_{words}{resource.plural}.py": render("migration", resource, **more)}


def names_taken(resource: Resource) -> frozenset[str]:
    """Return the names that the templates use for any name of the resource and of its fields."""
    fields = [replace(field, name=f"zzz_{number}") for number, field in enumerate(resource.fields)]
    neutral = replace(resource, name="zzz", plural="zzzs", fields=fields, search=[field.name for field in fields][:1])
    nodes = [node for template in APP_FILES for node in ast.walk(ast.parse(render(template, neutral)))]
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    used |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    used |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    used |= {node.asname or node.name for node in nodes if isinstance(node, ast.alias)}
    return frozenset({*used, *keyword.kwlist, *dir(builtins)})


def tidy(texts: Mapping[Path, str], project: Path) -> dict[Path, str]:
    """Return the files formatted, with their imports sorted and without unused ones."""
    ruff = ruff_program()
    config = ["--config", str(project / "pyproject.toml"), "--no-cache", "--quiet"]
    with TemporaryDirectory(prefix="ondol-add-") as folder:
        for path, text in texts.items():
            file = Path(folder) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        # Imports in __init__ files are exports.
        run(Path(folder), ruff, "check", *config, "--fix-only", "--select", "F401,I", "--exclude", "__init__.py", ".")
        run(Path(folder), ruff, "check", *config, "--fix-only", "--select", "I", ".")
        run(Path(folder), ruff, "format", *config, ".")
        return {path: (Path(folder) / path).read_text(encoding="utf-8") for path in texts}


@cache
def _environment() -> Environment:
    """Return the environment of the templates, made once because it caches compiled templates."""
    environment = Environment(  # noqa: S701  (the output is Python, not HTML)
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"source": _source, "sources": _sources, "member": member}
    return environment


def _source(value: str | None) -> str:
    return "None" if value is None else json.dumps(value, ensure_ascii=False)


def _sources(values: Sequence[str]) -> str:
    return ", ".join(map(_source, values))
