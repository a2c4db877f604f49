"""Adjacent changes to a file that lists things are merged; what both sides changed stays a conflict."""

import pytest

from ondol.generator import lists

CONFLICT = "[\n<<<<<<< yours\n{}||||||| base\n{}=======\n{}>>>>>>> starter\n]\n"


@pytest.mark.parametrize(
    ("ours", "base", "theirs", "result"),
    [
        ("a\n", "", "b\n", "a\nb\n"),
        ("a\n", "", "a\n", "a\n"),
        ("a\nx\n", "x\n", "x\nb\n", "a\nx\nb\n"),
        ("a\nx\n", "x\n", "", "a\n"),
        ("", "x\n", "x\nb\n", "b\n"),
        ("a\n", "x\n", "x\nb\n", "a\nb\n"),
    ],
)
def test_both_sides_lines_are_taken(ours: str, base: str, theirs: str, result: str) -> None:
    assert lists.merged(CONFLICT.format(ours, base, theirs)) == f"[\n{result}]\n"


@pytest.mark.parametrize(
    ("ours", "base", "theirs"),
    [("a\n", "x\n", ""), ("a\n", "x\n", "b\n"), ("a\n]\n", "]\n", "b\n]\n")],
)
def test_a_line_that_both_changed_stays_a_conflict(ours: str, base: str, theirs: str) -> None:
    text = CONFLICT.format(ours, base, theirs)
    assert lists.merged(text) == text


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("app/routers/__init__.py", True),
        ("services/blog/app/scopes.py", True),
        ("app/services/__init__.py", False),
        ("app/routers/users.py", False),
        ("myapp/scopes.py", False),
    ],
)
def test_only_files_that_list_things(name: str, is_one: bool) -> None:
    assert bool(lists.FILES.fullmatch(name)) == is_one
