"""The changes of a command to a project. All of them are made, or none."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Plan:
    """The files to change, by path in the project. `after`: their new text, None to remove them. `before`: their
    present text, None for new files. `warnings`: risks for the user to know."""

    project: Path
    after: Mapping[Path, str | None]
    before: Mapping[Path, str | None]
    warnings: Sequence[str] = ()

    @property
    def diff(self) -> str:
        return "".join(self._diff())

    def _diff(self) -> Iterator[str]:
        for path, after in self.after.items():
            before = self.before[path]
            there = "/dev/null" if before is None else f"a/{path}"
            then = "/dev/null" if after is None else f"b/{path}"
            lines = (before or "").splitlines(keepends=True), (after or "").splitlines(keepends=True)
            yield from difflib.unified_diff(*lines, there, then)

    def apply(self) -> None:
        """Write all files. After an error or Ctrl-C the project is as it was before."""
        folders = {parent for path in self.after for parent in path.parents if not (self.project / parent).exists()}
        written: list[Path] = []
        try:
            for path, text in self.after.items():
                written.append(path)
                _write(self.project / path, text)
        except BaseException:
            for path in written:
                _write(self.project / path, self.before[path])
            for folder in sorted(folders, key=lambda folder: -len(folder.parts)):
                if (self.project / folder).exists():
                    (self.project / folder).rmdir()
            raise


def plan(project: Path, after: Mapping[Path, str | None], warnings: Sequence[str] = ()) -> Plan:
    """Return the plan of those files in `after` that differ from the project's."""
    before = {path: read(project / path) for path in after}
    changed = {path: text for path, text in after.items() if text != before[path]}
    return Plan(project, changed, {path: before[path] for path in changed}, warnings)


def read(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.exists() else None


def _write(file: Path, text: str | None) -> None:
    if text is None:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.new")
    newline = "\r\n" if file.exists() and b"\r\n" in file.read_bytes() else None  # git's autocrlf
    try:
        temporary.write_text(text, encoding="utf-8", newline=newline)
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
