"""Tables, links and the source that the pages of docs/*/reference are written from."""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LIBRARY, STARTER = ROOT / "src" / "ondol", ROOT / "starter"
LANGUAGES = ("en", "ko")
TEXTS = tomllib.loads(Path(__file__).with_name("texts.toml").read_text(encoding="utf-8"))


def table(language: int, heads: str, rows: Iterable[Sequence[str]]) -> str:
    """Return a table. `heads`: those of texts.toml, by name."""
    named = [TEXTS["heads"][head][language] for head in heads.split()]
    lines = [named, ["---"] * len(named), *([cell(text) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(text: str) -> str:
    """Escape the text for a cell of a table."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()).replace("|", "\\|"))
    return "".join(p if p.startswith("`") else p.replace("*", "\\*").replace("<", "&lt;") for p in parts) or "–"


def code(text: object) -> str:
    return f"`{text}`" if str(text) else ""


def codes(texts: Iterable[object]) -> str:
    return ", ".join(map(code, texts))


def link(file: Path, label: str = "") -> str:
    base = LIBRARY if file.is_relative_to(LIBRARY) else STARTER
    return f"[{label or file.relative_to(base).as_posix()}](../../../{file.relative_to(ROOT).as_posix()})"


def links(files: Iterable[Path]) -> str:
    return ", ".join(map(link, dict.fromkeys(files)))


def sentence(node: ast.AST | str | None) -> str:
    """Return the first sentence of a docstring, or of a node's docstring."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    doc = ast.get_docstring(node) if isinstance(node, documented) else node
    return re.split(r"(?<=[.!?])\s+(?=[A-Z`\"])|:?\n\n", str(doc or "").strip(), maxsplit=1)[0]


def sources(*folders: Path) -> Iterator[tuple[Path, ast.Module]]:
    for folder in folders:
        for file in sorted(folder.rglob("*.py")):
            yield file, ast.parse(file.read_text(encoding="utf-8"))


def service() -> Iterator[tuple[Path, ast.Module]]:
    """Yield the files of the library and of the starter's app."""
    return sources(LIBRARY, STARTER / "app")


def name_of(node: ast.AST | None) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    """Yield the calls, of functions with these names if there are any."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (not names or name_of(node.func) in names):
            yield node


def literal(node: ast.expr | None) -> Any:
    return node.value if isinstance(node, ast.Constant) else None
