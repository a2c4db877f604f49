"""The pages from objects: settings, problems, the command, fields."""

import ast
import importlib
import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from enum import Enum
from http import HTTPStatus
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from typer.main import get_command

from ondol.cli.add import EXAMPLES
from ondol.cli.main import app
from ondol.cli.project_commands import mounted
from ondol.errors import Problem, code_for, phrase
from ondol.generator.fields import GRAMMAR, Context, parse
from ondol.options import Group
from reference_pages.markdown import LIBRARY, STARTER, calls, code, link, links, name_of, sentence, service, table

LIMITS = (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))
OF_STARTER = (" (starter)", " (스타터)")


def settings(language: int) -> Iterator[str]:
    fields = importlib.import_module("app.settings").AppSettings.model_fields
    groups = {name: field.default for name, field in fields.items() if isinstance(field.default, Group)}
    plain = {name: field for name, field in fields.items() if name not in groups}
    yield table(language, "name type default description", (_setting(*each, language) for each in plain.items()))
    for name, group in groups.items():
        kind = type(group)
        yield f"## {name.upper()}__…{'' if kind.__module__.startswith('ondol') else OF_STARTER[language]}"
        yield sentence(kind.__doc__)
        rows = (_setting(f"{name}__{inner}", field, language) for inner, field in kind.model_fields.items())
        yield table(language, "name type default description", rows)


def _setting(name: str, field: FieldInfo, language: int) -> list[str]:
    limits = [f"{sign} {getattr(data, key)}" for key, sign in LIMITS for data in field.metadata if hasattr(data, key)]
    match field.default:
        case SecretStr():
            default = ("for development", "개발용 값")[language]
        case PurePath() if name == "project_folder":
            default = ("the project's folder", "프로젝트 폴더")[language]
        case None:
            default = ""
        case Enum() | str() | PurePath() as text:
            default = code(text)
        case value:
            default = code(json.dumps(value))
    return [code(name.upper()), ", ".join([code(_type(field.annotation)), *limits]), default, field.description or ""]


def _type(kind: Any) -> str:
    arguments = [part for part in get_args(kind) if part is not type(None)]
    if kind is SecretStr:
        return "secret"
    if get_origin(kind) is Annotated:
        return _type(arguments[0])
    if get_origin(kind) is list:
        return f"list[{_type(arguments[0])}]"
    if get_origin(kind) is Literal:
        return ", ".join(map(str, arguments))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(str(member.value) for member in kind)
    return ", ".join(map(_type, arguments)) or str(kind.__name__)


def problems(language: int) -> Iterator[str]:
    korean: dict[str, str] = {}
    for folder in (LIBRARY, STARTER / "app"):
        korean |= tomllib.loads((folder / "languages" / "ko.toml").read_text(encoding="utf-8"))["problems"]
    defined: dict[str, Path] = {}
    raised: defaultdict[str, list[Path]] = defaultdict(list)
    for file, tree in service():
        defined |= {node.name: file for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
        for name in _raised(tree):
            raised[name].append(file)
    kinds = sorted(_kinds([*defined.values()]), key=lambda kind: (kind.status, kind.code))
    for package, title in (("ondol", "Ondol"), ("app", ("The starter", "스타터")[language])):
        yield f"## {title}"
        rows = [
            [code(kind.code), str(kind.status), kind.detail, korean.get(kind.code, ""), *places]
            for kind in kinds
            if kind.__module__.startswith(package)
            for places in [(link(defined[kind.__name__], kind.__name__), links(raised[kind.__name__]))]
        ]
        yield table(language, "code status english korean class raised", rows)
    yield ("## Of a status alone", "## 상태 코드만 있는 오류")[language]
    without = {code_for(status): status for status in HTTPStatus if status >= 400} | {"validation_failed": 422}
    for kind in kinds:
        without.pop(kind.code, None)
    said = {"validation_failed": "… field(s) failed validation."}  # ondol.web.problems counts them
    rows = [
        [code(name), str(int(n)), said.get(name, phrase(n)), korean[name]]
        for name, n in without.items()
        if name in korean
    ]
    yield table(language, "code status english korean", rows)


def _raised(tree: ast.Module) -> Iterator[str]:
    """Yield the names that are raised, called, or given to a function; `problem_responses(…)` only declares."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise):
            yield name_of(node.exc)
    for call in calls(tree):
        if name_of(call.func) not in ("problem_responses", "isinstance", "issubclass"):
            yield from map(name_of, (call.func, *call.args))


def _kinds(files: list[Path]) -> Iterator[type[Problem]]:
    """Yield the problems with a code of their own, in any of these files."""
    for file in dict.fromkeys(files):
        base = LIBRARY.parent if file.is_relative_to(LIBRARY) else STARTER
        if not {"cli", "generator", "testing"} & {*file.relative_to(base).parts}:
            importlib.import_module(".".join(file.relative_to(base).with_suffix("").parts).removesuffix(".__init__"))
    waiting: list[type[Problem]] = [Problem]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if "code" in vars(kind):
            yield kind


def command_line(language: int) -> Iterator[str]:
    own: Any = get_command(app)
    for group, suffix in ((own.commands, ""), (mounted(), OF_STARTER[language])):
        for name, command in _commands(group, "ondol"):
            arguments = [_parameter(given)[0] for given in command.params if given.param_type_name == "argument"]
            options = ["[OPTIONS]"] if len(arguments) < len(command.params) else []
            yield f"## {name}{suffix}"
            yield code(" ".join([name, *options, *(argument.strip("`") for argument in arguments)]))
            yield re.sub(r"(?<!\n)\n(?!\n)", " ", (command.help or "").strip())
            if command.params:
                yield table(language, "argument values default description", map(_parameter, command.params))
            for line in (command.epilog or "").splitlines():
                yield f"{('Example', '예')[language]}: {code(line.partition(': ')[2])}"


def _commands(group: dict[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.items():
        if hasattr(command, "commands"):
            yield from _commands(command.commands, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def _parameter(given: Any) -> list[str]:
    name = ", ".join(given.opts + given.secondary_opts)
    if given.param_type_name == "argument":
        name = given.name.upper() if given.required else f"[{given.name.upper()}]"
    kind = given.type_descriptor.annotation
    default = given.default if isinstance(given.default, str | int) and kind is not bool else ""
    return [code(name), "" if kind is bool else code(given.metavar or _type(kind)), code(default), given.help or ""]


def fields(language: int) -> Iterator[str]:
    yield f"```text\n{GRAMMAR}```"
    yield ("## What a type becomes", "## 타입이 만드는 것")[language]
    rows = []
    for spec in re.findall(r"^  \S+ .*  (\w+:\S+)$", GRAMMAR.partition("modifiers")[0], re.MULTILINE):
        field = parse(spec, Context("Thing", lambda table: "Author"))
        kind, yes = field.kind, ("yes", "예")[language]
        able = [yes if kind.can_sort else "", yes if kind.can_be_unique else "", kind.filters]
        rows.append([code(spec), code(field.name), code(kind.out or kind.python), code(kind.sa), *able])
    yield table(language, "field name python sqlalchemy sort unique filter", rows)
    yield ("## Examples", "## 예")[language]
    yield f"```bash\n{EXAMPLES}```"
