"""The pages from the source: log events, metrics, headers, fixtures, the Python API."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from reference_pages.markdown import (
    LIBRARY,
    STARTER,
    TEXTS,
    calls,
    code,
    codes,
    link,
    links,
    literal,
    name_of,
    sentence,
    service,
    sources,
    table,
)

LEVELS = ("debug", "info", "warning", "error", "exception", "critical")
REASON = ("sqlstate", "reason")  # the keys of `reason_of`
METRICS = ("Histogram", "Gauge", "Counter", "GaugeMetricFamily")
NOT_API = ("cli", "generator", "doctor", "dev", "testing/contract/test_")
OF_HTTP = {"Content-Length", "Content-Type", "Transfer-Encoding"}
HEADER = re.compile(
    r"[A-Z][A-Za-z]*(-[A-Z][A-Za-z]*)+|ETag|Allow|Authorization|Cookie|Host|Location|Origin|RateLimit|Vary"
)


def events(language: int) -> Iterator[str]:
    found: defaultdict[tuple[str, str], tuple[dict[str, None], list[Path]]] = defaultdict(lambda: ({}, []))
    bound: dict[str, None] = {}
    for file, tree in service():
        for call in calls(tree, *LEVELS):
            if not (event := _event(call, language)):
                continue
            keys, files = found[event, name_of(call.func).replace("exception", "error")]
            for keyword in call.keywords:
                keys |= dict.fromkeys([keyword.arg] if keyword.arg else REASON)
            keys |= {"exception": None} if name_of(call.func) == "exception" else {}
            files.append(file)
        for call in calls(tree, "bind_contextvars", "bound_contextvars"):
            bound |= {keyword.arg: None for keyword in call.keywords if keyword.arg}
    rows = ([*event, codes(keys), links(files)] for event, (keys, files) in sorted(found.items()))
    yield table(language, "event level keys where", rows)
    yield TEXTS["pages"]["log-events"]["keys"][language].format(bound=codes(bound))


def _event(call: ast.Call, language: int) -> str:
    """Return the event of a call such as `log.info("started")`; "" for another call."""
    first = call.args[0] if call.args else None
    if not isinstance(call.func, ast.Attribute) or not name_of(call.func.value).endswith("log"):
        return ""
    if isinstance(first, ast.Attribute) and first.attr == "code":
        return ("the problem's code", "오류의 코드")[language]
    text = str(literal(first))
    return code(text) if re.fullmatch(r"[a-z_]+", text) else ""


def metrics(language: int) -> Iterator[str]:
    rows = []
    for file, tree in sources(LIBRARY / "observability", LIBRARY / "web"):
        for call in calls(tree, *METRICS):
            kind = name_of(call.func).removesuffix("MetricFamily").lower()
            given = [*call.args[2:], *(keyword.value for keyword in call.keywords if keyword.arg == "labels")]
            labels = [literal(label) for part in given if isinstance(part, ast.List) for label in part.elts]
            name = literal(call.args[0]) + ("_total" if kind == "counter" else "")
            rows.append([code(name), kind, codes(labels), literal(call.args[1]), link(file)])
    yield table(language, "name type labels description where", rows)


def headers(language: int) -> Iterator[str]:
    described = TEXTS["headers"]
    named = {"x-forwarded-for"}  # uvicorn's middleware reads it
    for file, tree in (*service(), *sources(STARTER / "tests")):
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str | bytes):
                continue
            text = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
            named.add(text.lower())
            known = {*described["request"], *described["response"], *OF_HTTP}
            if file.is_relative_to(LIBRARY / "web") and HEADER.fullmatch(text) and text not in known:
                raise SystemExit(f"{file} names the header {text}. Describe it in texts.toml.")
    for part, title in (("request", ("## Request", "## 요청")), ("response", ("## Response", "## 응답"))):
        if unnamed := [name for name in described[part] if name.lower() not in named]:
            raise SystemExit(f"No code names {unnamed}. Remove them from texts.toml.")
        yield title[language]
        yield table(
            language, "name description", ([code(name), text[language]] for name, text in described[part].items())
        )


def fixtures(language: int) -> Iterator[str]:
    testing = LIBRARY / "testing"
    for title, files in (
        (("## Of the plugin", "## 플러그인"), [testing / "plugin.py", testing / "fixtures.py"]),
        (("## Of the contract's tests", "## 계약 테스트"), [testing / "contract" / "fixtures.py"]),
        (("## Of the starter's conftest.py", "## 스타터의 conftest.py"), [STARTER / "tests" / "conftest.py"]),
    ):
        yield title[language]
        rows = (row for file in files for row in _fixtures(ast.parse(file.read_text(encoding="utf-8"))))
        yield table(language, "name scope type description", rows)


def _fixtures(module: ast.Module) -> Iterator[list[str]]:
    for node in module.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for mark in node.decorator_list:
            given = mark.keywords if isinstance(mark, ast.Call) else []
            if name_of(mark.func if isinstance(mark, ast.Call) else mark) == "fixture":
                scope = next((literal(keyword.value) for keyword in given if keyword.arg == "scope"), "function")
                yield [code(node.name), scope, code(_type(node.returns)), sentence(node)]


def _type(node: ast.expr | None) -> str:
    return ast.unparse(node) if node else ""


def python_api(language: int) -> Iterator[str]:
    for file, tree in sources(LIBRARY):
        path = file.relative_to(LIBRARY).as_posix()
        rows = [row for node in tree.body for row in _public(node, "")]
        if rows and not path.startswith(NOT_API):
            yield f"## ondol.{path.removesuffix('.py').removesuffix('/__init__').replace('/', '.')}"
            yield sentence(tree)
            yield table(language, "name description", rows)


def _public(node: ast.stmt, owner: str) -> Iterator[list[str]]:
    """Yield the rows of a class, its methods, or a function."""
    if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
        return
    marks = {name_of(mark.func if isinstance(mark, ast.Call) else mark) for mark in node.decorator_list}
    if isinstance(node, ast.ClassDef):
        yield [code(_class(node, is_dataclass="dataclass" in marks)), sentence(node)]
        for part in node.body:
            yield from _public(part, f"{node.name}.")
        return
    waits = "async " if isinstance(node, ast.AsyncFunctionDef) else ""
    called = "" if marks & {"property", "cached_property"} else f"({_arguments(node, is_method=bool(owner))})"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    yield [code(f"{waits}{owner}{node.name}{called}{returns}"), sentence(node)]


def _class(node: ast.ClassDef, *, is_dataclass: bool) -> str:
    """Return how an object is made, or else the class and its bases."""
    for part in node.body:
        if isinstance(part, ast.FunctionDef) and part.name == "__init__":
            return f"{node.name}({_arguments(part, is_method=True)})"
    fields = [ast.unparse(part) for part in node.body if isinstance(part, ast.AnnAssign)]
    if is_dataclass:
        return f"{node.name}({', '.join(field for field in fields if not field.startswith('_'))})"
    return f"class {node.name}" + (f"({', '.join(map(ast.unparse, node.bases))})" if node.bases else "")


def _arguments(node: ast.FunctionDef | ast.AsyncFunctionDef, *, is_method: bool) -> str:
    text = ast.unparse(node.args)
    return re.sub(r"^(self|cls)(, |$)", "", text) if is_method else text
