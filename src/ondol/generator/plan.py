"""What adding a resource would write, and the writing: all of it or nothing."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ondol.db.migrations import heads, refuse_several_heads
from ondol.generator.edits import NotAsExpected, mentions
from ondol.generator.registration import Registration, registrations
from ondol.generator.rendering import APP_FILES, TEST_FILES, render, tidy
from ondol.generator.resource import Resource
from ondol.generator.revisions import next_revision
from ondol.generator.tables import constants_of, migration_of
from ondol.project import ProjectError

VERSIONS = Path("migrations") / "versions"


@dataclass(frozen=True)
class Plan:
    """`after`: the files that change, by their path in the project; `before`: what they hold now, None for new ones."""

    project: Path
    after: Mapping[Path, str]
    before: Mapping[Path, str | None]

    @property
    def diff(self) -> str:
        return "".join(self._diff())

    def _diff(self) -> Iterator[str]:
        for path, after in self.after.items():
            before = self.before[path]
            there = "/dev/null" if before is None else f"a/{path}"
            lines = (before or "").splitlines(keepends=True), after.splitlines(keepends=True)
            yield from difflib.unified_diff(*lines, there, f"b/{path}")

    def apply(self) -> None:
        """Writes all files. Whatever goes wrong, and Ctrl-C too, leaves the project as it was."""
        folders = [parent for path in self.after for parent in path.parents if not (self.project / parent).exists()]
        written: list[Path] = []
        try:
            for path, text in self.after.items():
                (self.project / path).parent.mkdir(parents=True, exist_ok=True)
                written.append(path)
                _write(self.project / path, text)
        except BaseException:
            for path in written:
                self._restore(path)
            for folder in sorted(set(folders), key=lambda folder: -len(folder.parts)):
                if (self.project / folder).exists():
                    (self.project / folder).rmdir()
            raise

    def _restore(self, path: Path) -> None:
        before = self.before[path]
        if before is None:
            (self.project / path).unlink(missing_ok=True)
        else:
            _write(self.project / path, before)


def plan(project: Path, resource: Resource) -> Plan:
    """Raises ProjectError where a file stands in the way, or is not as expected: then with the lines to add."""
    new = {
        Path(path.format(resource.plural)): render(name, resource) for name, path in (APP_FILES | TEST_FILES).items()
    }
    migration, text = _migration(project, resource)
    new[migration] = text
    edited = _registered(project, resource)
    before = {path: _read(project / path) for path in (*new, *edited)}
    after = tidy(new | edited, project)
    if other := [str(path) for path in new if before[path] not in (None, after[path])]:
        raise ProjectError(f"There already, with other content: {', '.join(other)}. Nothing was changed.")
    # Whoever does not use ruff's format keeps their own.
    formatted = tidy({path: before[path] or "" for path in edited}, project)
    after |= {path: text for path, text in edited.items() if formatted[path] != before[path]}
    changed = {path: text for path, text in after.items() if text != before[path]}
    return Plan(project, changed, {path: before[path] for path in changed})


def _registered(project: Path, resource: Resource) -> dict[Path, str]:
    """The files that list what there is, with the resource in them, not yet tidy."""
    refused: list[str] = []
    edited: dict[Path, str] = {}
    for registration in registrations(resource):
        path = Path(registration.path)
        try:
            edited[path] = _edited(_read(project / path) or "", registration)
        except (NotAsExpected, SyntaxError) as error:
            reason = f"does not have {error}" if isinstance(error, NotAsExpected) else "is no Python"
            refused.append(f"{path} {reason}; add:\n\n{registration.lines}")
    if refused:
        raise ProjectError("Nothing was changed, because not all is as expected.\n\n" + "\n".join(refused))
    return edited


def _edited(text: str, registration: Registration) -> str:
    try:
        return registration.edit(text)
    except NotAsExpected:
        if all(mentions(text, name) for name in registration.mentions):
            return text  # somebody has added it by hand
        raise


def _migration(project: Path, resource: Resource) -> tuple[Path, str]:
    there = migration_of(resource.plural, project)
    if there is not None:
        found = constants_of(there)
        path, revision, down_revision = there.relative_to(project), found["revision"], found["down_revision"]
        return path, render("migration", resource, revision=revision, down_revision=down_revision)
    refuse_several_heads(project)
    revision, newest = next_revision(project), heads(project)
    text = render("migration", resource, revision=revision, down_revision=newest[0] if newest else None)
    return VERSIONS / f"{revision}_{resource.plural}.py", text


def _read(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.exists() else None


def _write(file: Path, text: str) -> None:
    temporary = file.with_name(f".{file.name}.new")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
