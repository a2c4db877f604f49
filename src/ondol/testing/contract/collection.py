"""Collects the tests of this folder if the project's test_contract.py has a CONTRACT."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ondol.testing.contract import Contract
from ondol.testing.plugin import project_of

HERE = Path(__file__).parent
MODULES = sorted(HERE.glob("test_*.py"))


class ContractModule(pytest.Module):
    """The project's test_contract.py. It also collects the modules of this folder."""

    @property
    def contract(self) -> Contract | None:
        return getattr(self.obj, "CONTRACT", None)

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        yield from (own := list(super().collect()))
        if self.contract is None:
            if not own:
                raise self.CollectError(f"{self.path.name} defines neither CONTRACT nor a test. Define one.")
            return
        for file in MODULES:
            if file.stem == "test_resources" and not self.contract.factories:
                continue
            nodeid = f"{self.nodeid}::{file.stem}"
            yield pytest.Module.from_parent(self, path=file, name=file.stem, nodeid=nodeid)


def contract_of(node: pytest.Item | pytest.Collector) -> Contract:
    module = node.getparent(ContractModule)
    assert module is not None
    assert module.contract is not None
    return module.contract


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    if module_path.name == "test_contract.py":
        return ContractModule.from_parent(parent, path=module_path)
    return None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test with an argument `factory` once for each resource."""
    if "factory" in metafunc.fixturenames and metafunc.definition.getparent(ContractModule):
        factories = contract_of(metafunc.definition).factories
        metafunc.parametrize("factory", factories, ids=[factory.path.strip("/") for factory in factories])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ours = [item for item in items if item.path.parent == HERE]
    left_out = _left_out(config) if ours else {}
    for item in ours:
        if reason := left_out.get(_function(item)):
            item.add_marker(pytest.mark.skip(reason=reason))


def _function(item: pytest.Item) -> str:
    return str(getattr(item, "originalname", item.name))


def _left_out(config: pytest.Config) -> dict[str, Any]:
    file = project_of(config) / "pyproject.toml"
    if not file.exists():
        return {}
    table: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("ondol", {})
    left_out: dict[str, Any] = table.get("contract", {})
    tests = {name for module in MODULES for name in re.findall(r"def (test_\w+)\(", module.read_text(encoding="utf-8"))}
    if unknown := left_out.keys() - tests:
        raise pytest.UsageError(f"[tool.ondol.contract] names unknown tests: {', '.join(sorted(unknown))}.")
    for name, reason in left_out.items():
        if not isinstance(reason, str) or not reason.strip():
            raise pytest.UsageError(f"[tool.ondol.contract] {name}: say why, such as {name} = 'The proxy does it.'")
    return left_out
