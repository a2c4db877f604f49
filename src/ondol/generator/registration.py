"""Enters a resource in the files that list what there is. Each edit is made once, wherever the list stands by now."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import libcst as cst

from ondol.generator import edits
from ondol.generator.rendering import render
from ondol.generator.resource import Resource


@dataclass(frozen=True)
class Registration:
    """`mentions`: the names that stand in the file when it is done. `lines`: what a person would add."""

    path: str
    edit: Callable[[cst.Module], cst.Module]
    mentions: Sequence[str]
    lines: str


def registrations(resource: Resource) -> list[Registration]:
    plural, name, constant = resource.plural, resource.class_name, resource.plural.upper()
    tag = f'{{"name": "{plural}", "description": "{resource.many.capitalize()}."}}'
    block = render("dependencies", resource)
    exported = [f"{name}ReadServiceDep", f"{name}ServiceDep", *(f"{resource.classes}{who}" for who in _who(resource))]
    scopes = _scopes(resource)

    def models(tree: cst.Module) -> cst.Module:
        tree = edits.with_import(tree, f"app.models.{plural}", name)
        return edits.with_element(tree, "__all__", f'"{name}"', is_sorted=True)

    def permissions(tree: cst.Module) -> cst.Module:
        for scope, text, is_for_all in scopes:
            member = f"{constant}_{scope.upper()}"
            tree = edits.with_member(tree, "Scope", member, f'"{plural}:{scope}"')
            tree = edits.with_entry(tree, "DESCRIPTIONS", f"Scope.{member}", f'"{text}"')
            if is_for_all:
                tree = edits.with_member_of_set(tree, "SCOPES_OF", "Role.CUSTOMER", f"Scope.{member}")
        return tree

    def dependencies(tree: cst.Module) -> cst.Module:
        tree = edits.with_import(tree, f"app.services.{plural}", f"{name}Service")
        for alias in exported:
            tree = edits.with_element(tree, "__all__", f'"{alias}"', is_sorted=True)
        return edits.with_block(tree, block, f"{name}ServiceDep")

    def routers(tree: cst.Module) -> cst.Module:
        tree = edits.with_import(tree, "app.routers", plural)
        tree = edits.with_element(tree, "ROUTERS", f"{plural}.router")
        return edits.with_element(tree, "TAGS", tag, before='"health"')

    def factories(tree: cst.Module) -> cst.Module:
        tree = edits.with_import(tree, f"factories.{plural}", constant)
        return edits.with_element(tree, "FACTORIES", constant)

    members = [f"{constant}_{scope.upper()}" for scope, _, _ in scopes]
    described = "\n".join(f'    Scope.{m}: "{text}",' for m, (_, text, _) in zip(members, scopes, strict=True))
    return [
        Registration(
            "app/models/__init__.py",
            models,
            [name],
            f'from app.models.{plural} import {name}\n__all__ = [..., "{name}"]\n',
        ),
        Registration(
            "app/scopes.py",
            permissions,
            members,
            "class Scope(StrEnum):\n"
            + "\n".join(f'    {m} = "{plural}:{scope}"' for m, (scope, _, _) in zip(members, scopes, strict=True))
            + f"\n\nDESCRIPTIONS = {{\n{described}\n}}\nand in SCOPES_OF for ordinary users: "
            + (", ".join(f"Scope.{m}" for m, (_, _, all_) in zip(members, scopes, strict=True) if all_) or "none")
            + "\n",
        ),
        Registration(
            "app/dependencies.py",
            dependencies,
            exported,
            f"from app.services.{plural} import {name}Service\n\n{block}\n__all__ = [..., "
            + ", ".join(f'"{alias}"' for alias in exported)
            + "]\n",
        ),
        Registration(
            "app/routers/__init__.py",
            routers,
            [plural],
            f"from app.routers import {plural}\nROUTERS = [..., {plural}.router]\nTAGS = [..., {tag}]\n",
        ),
        Registration(
            "tests/support/factories/__init__.py",
            factories,
            [constant],
            f"from factories.{plural} import {constant}\nFACTORIES = [..., {constant}]\n",
        ),
    ]


def _who(resource: Resource) -> list[str]:
    return ["Writer"] if resource.is_public else ["Reader", "Writer"]


def _scopes(resource: Resource) -> list[tuple[str, str, bool]]:
    """Each scope, what it says, and whether everybody has it."""
    many = resource.many
    if resource.is_owned:
        read = [] if resource.is_public else [("read", f"Read your own {many}.", True)]
        every = "Change everybody's" if resource.is_public else "Read and change everybody's"
        return [
            *read,
            ("write", f"Create, change and delete your own {many}.", True),
            ("all", f"{every} {many}.", False),
        ]
    read = [] if resource.is_public else [("read", f"Read {many}.", True)]
    return [*read, ("write", f"Create, change and delete {many}.", False)]
