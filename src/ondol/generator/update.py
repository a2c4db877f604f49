"""Update an edited project to the installed version's starter, by git's three-way merge of the recorded starter
(`.starter.zip`), the project, and today's starter. Conflicts are ordinary git conflicts."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from ondol.generator import lists
from ondol.generator.features import refuse_unknown
from ondol.generator.origin import set_source, source_of
from ondol.generator.pristine import (
    RECORD,
    Origin,
    record,
    recorded_origin,
    starter_of,
    tidy,
    write_pristine,
    write_recorded,
)
from ondol.generator.revisions import keep_migrations
from ondol.generator.tables import imported
from ondol.generator.tools import attempt, git_program, identity, ruff_program, run
from ondol.project import ProjectError

MARK = "ONDOL_UPDATE"
"""A file in the git folder: the commit from which an update began that is not committed yet."""


@dataclass(frozen=True)
class Updated:
    """The result. `changed`: files that differ between the two starters; `conflicts`: those that git cannot merge."""

    changed: list[str]
    conflicts: list[str]


def check(project: Path) -> Updated:
    """Return the result of an update, tried in a separate work tree: the project is unchanged. Raises ProjectError."""
    repository = _Repository(project)
    with repository.versions() as (base, new, _), repository.merged_aside(base, new) as (_, conflicts):
        return Updated(repository.difference(base, new), conflicts)


def update(project: Path) -> Updated:
    """Merge the starter's changes into the project's files, for the user to review and commit. Raises ProjectError if
    the project has uncommitted changes."""
    repository = _Repository(project)
    repository.refuse_changes()
    with repository.versions() as (base, new, pristine):
        changed = repository.difference(base, new)
        if not changed:
            return Updated([], [])
        return Updated(changed, repository.apply(base, new, pristine, repository.origin))


def add_feature(project: Path, feature: str) -> Updated:
    """Add a feature of the starter that the project does not have, for the user to review and commit, like an update to
    a starter with it. Its migration follows the project's newest. Raises ProjectError."""
    repository = _Repository(project)
    was = repository.origin
    with starter_of(was) as source:
        refuse_unknown(source, [feature])
        if feature not in was.lacks(source):
            raise ProjectError(f"The project has {feature!r} already.")
    origin = replace(was, without=sorted({*was.without} - {feature}), wanted=sorted({*was.wanted, feature}))
    with repository.with_features(origin) as (base, new, pristine):
        return Updated(repository.difference(base, new), repository.apply(base, new, pristine, origin))


def remove_feature(project: Path, feature: str, *, force: bool = False) -> Updated:
    """Remove a feature of the starter, for the user to review and commit, like an update to a starter without it. The
    migrations stay, for databases that have run them. Raises ProjectError if its lines, or adjacent ones, were edited;
    with `force` these are conflicts."""
    repository = _Repository(project)
    was = repository.origin
    with starter_of(was) as source:
        refuse_unknown(source, [feature])
    origin = replace(was, without=sorted({*was.without, feature}), wanted=sorted({*was.wanted} - {feature}))
    with repository.with_features(origin) as (base, new, pristine):
        changed = repository.difference(base, new)
        if not force:
            with repository.merged_aside(base, new) as (tree, edited):
                if edited:
                    raise ProjectError(f"You edited lines of {feature}: {', '.join(edited)}. `--force` merges them.")
                if users := sorted(set(repository.users_of_gone(base, new, tree))):
                    raise ProjectError(f"Your files use {feature}: {', '.join(users)}. `--force` ignores that.")
        return Updated(changed, repository.apply(base, new, pristine, origin) if changed else [])


def abort(project: Path) -> None:
    """Restore the state before the update. Raises ProjectError without an uncommitted update."""
    repository = _Repository(project)
    if not repository.mark.exists():
        raise ProjectError("There is nothing to abort.")
    is_committed = repository.mark.read_text(encoding="utf-8") != repository.head()
    is_undone = attempt(project, "git", "diff", "--cached", "--quiet", "--", RECORD).returncode == 0
    if is_committed or is_undone:
        repository.mark.unlink()
        raise ProjectError("It is already committed or undone. Undo a commit with `git revert`.")
    run(project, "git", "reset", "--quiet", "--merge")
    repository.mark.unlink()


class _Repository:
    """The git repository of a project, which may be a folder within it."""

    def __init__(self, project: Path) -> None:
        self.project = project
        git_program()
        if attempt(project, "git", "rev-parse", "--verify", "HEAD").returncode != 0:
            raise ProjectError("This needs a git repository with a commit. Commit the project first.")
        self.top = Path(run(project, "git", "rev-parse", "--show-toplevel"))
        self._git_folder = run(project, "git", "rev-parse", "--absolute-git-dir")
        self.mark = Path(self._git_folder) / MARK
        self._inside = run(project, "git", "rev-parse", "--show-prefix")
        self._identity = identity(project)

    @cached_property
    def origin(self) -> Origin:
        return recorded_origin(self.project)

    def head(self) -> str:
        return run(self.project, "git", "rev-parse", "HEAD")

    def refuse_changes(self) -> None:
        if run(self.project, "git", "status", "--porcelain", "."):
            raise ProjectError("There are changes that are not committed. Commit or stash them first.")

    @contextmanager
    def with_features(self, origin: Origin) -> Iterator[tuple[str, str, Path]]:
        """Yield the versions now and with the features of `origin`. Raises ProjectError if the starter has changed."""
        self.refuse_changes()
        with self.versions() as (base, new, _):
            if self.difference(base, new):
                raise ProjectError("The starter is newer than the one of this project. Run `ondol update` first.")
        with self.versions(origin) as versions:
            yield versions

    @contextmanager
    def versions(self, origin: Origin | None = None) -> Iterator[tuple[str, str, Path]]:
        """Yield the commits of the pristine project then and now, and the folder of the latter. `origin`: of a
        project with other features, whose migrations stay; by default the recorded one."""
        with TemporaryDirectory(prefix="ondol-update-") as scratch:
            roots = [Path(scratch) / name for name in ("then", "now", "merged")]
            then, now, merged = (root / self._inside for root in roots)
            write_recorded(self.project, then)
            write_pristine(now, origin or self.origin)
            set_source(now, source_of(self.project))  # the project decides where Ondol comes from
            tidy(now, ruff_program())
            shutil.copytree(now, merged)
            if origin is not None:
                keep_migrations(self.project, then, merged)
            yield self._committed(roots[0]), self._committed(roots[2]), now

    def _committed(self, folder: Path) -> str:
        """Return a commit with the files of `folder`, on no branch."""
        with TemporaryDirectory(prefix="ondol-index-") as scratch:
            where = {"GIT_DIR": self._git_folder, "GIT_WORK_TREE": str(folder), "GIT_INDEX_FILE": f"{scratch}/index"}
            run(folder, "git", "add", "--all", "--force", ".", **where)
            tree = run(folder, "git", "write-tree", **where)
        return run(self.project, "git", "commit-tree", tree, "-m", "starter", **self._identity)

    def difference(self, base: str, new: str) -> list[str]:
        return run(self.project, "git", "diff", "--name-only", "--no-renames", base, new).splitlines()

    @contextmanager
    def merged_aside(self, base: str, new: str) -> Iterator[tuple[Path, list[str]]]:
        """Yield a separate work tree with the merge, and the files in conflict."""
        with TemporaryDirectory(prefix="ondol-update-") as scratch:
            tree = Path(scratch) / "tree"
            run(self.project, "git", "worktree", "add", "--quiet", "--detach", str(tree), "HEAD")
            try:
                yield tree, self.merge(tree, base, new)
            finally:
                run(self.project, "git", "worktree", "remove", "--force", str(tree))

    def users_of_gone(self, base: str, new: str, tree: Path) -> Iterator[str]:
        """Yield the files in the merged tree that use a module or a name which the second commit no longer has."""
        gone = run(
            self.project, "git", "diff", "--name-only", "--no-renames", "--diff-filter=D", base, new
        ).splitlines()
        modules = {name.removeprefix(self._inside).removesuffix(".py").replace("/", ".") for name in gone}
        for file in (tree / self._inside).rglob("*.py"):
            if not modules.isdisjoint(imported(file)):
                yield str(file.relative_to(tree))
        undefined = ("check", "--isolated", "--no-cache", "--select", "F821", "--output-format", "concise")
        for line in attempt(tree / self._inside, ruff_program(), *undefined, "app", "tests").stdout.splitlines():
            if " F821 " in line:
                yield f"{self._inside}{line.partition(':')[0]}"

    def apply(self, base: str, new: str, pristine: Path, origin: Origin) -> list[str]:
        """Merge into the project, and record its new origin. Return the files in conflict."""
        if run(self.top, "git", "diff", "--cached", "--name-only"):
            raise ProjectError("There are staged changes outside of the project. Commit or stash them first.")
        self.mark.write_text(self.head(), encoding="utf-8")
        try:
            conflicts = self.merge(self.top, base, new)
        except ProjectError:
            self.mark.unlink()
            raise
        record(pristine, origin, self.project)
        run(self.project, "git", "add", "--force", RECORD)
        return conflicts

    def merge(self, tree: Path, base: str, new: str) -> list[str]:
        """Merge into the work tree at `tree`. Return the files in conflict."""
        head = self.head()
        labels = {f"GITHEAD_{head}": "yours", f"GITHEAD_{new}": "starter"}
        style = ("-c", "merge.conflictStyle=diff3")
        merged = attempt(tree, "git", *style, "merge-recursive", base, "--", head, new, **labels)
        if merged.returncode > 1:
            raise ProjectError(f"git could not merge: {(merged.stderr or merged.stdout).strip()[-1_500:]}")
        conflicts = set(run(tree, "git", "diff", "--name-only", "--diff-filter=U").splitlines())
        return sorted(name for name in conflicts if not lists.FILES.fullmatch(name) or not _merged_list(tree, name))


def _merged_list(tree: Path, name: str) -> bool:
    """Resolve conflicts in a file that lists things. Return whether none is left."""
    file = tree / name
    merged = lists.merged(file.read_text(encoding="utf-8")) if file.exists() else None
    if merged is None:
        return False
    file.write_text(merged, encoding="utf-8")
    run(tree, ruff_program(), "check", "--no-cache", "--quiet", "--fix-only", "--select", "I", name)
    run(tree, "git", "add", name)
    return True
