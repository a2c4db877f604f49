"""Adjacent changes to a file that lists things are merged; what has to be read stays a conflict."""

import pytest

from ondol.generator import lists

CONFLICT = "[\n<<<<<<< yours\n{}||||||| base\n{}=======\n{}>>>>>>> starter\n]\n"


@pytest.mark.parametrize(
    ("ours", "base", "theirs", "result"),
    [
        ("a,", "", "b,", "a,; b,"),
        ("a,", "", "a,", "a,"),
        ("a,; x,", "x,", "x,; b,", "a,; x,; b,"),
        ("a,; x,", "x,", "", "a,"),
        ("", "x,", "x,; b,", "b,"),
        ("a,", "x,", "x,; b,", "a,; b,"),
    ],
)
def test_both_sides_lines_are_taken(ours: str, base: str, theirs: str, result: str) -> None:
    text = CONFLICT.format(*map(lines, (ours, base, theirs)))
    assert lists.merged(text) == f"[\n{lines(result)}]\n"


@pytest.mark.parametrize(
    ("ours", "base", "theirs"),
    [
        ("a,", "x,", ""),  # both changed x
        ("a,", "x,", "b,"),
        ("a,; ],", "],", "b,; ],"),  # a part of an item
        ('"a"', "", '"b",'),  # together they would be one string
        ("# last", "", "b,"),  # of what does the comment speak?
        ("a(1),", "", "a(2),"),  # one name, two values
        ("a,", "", "b(,"),  # not Python
    ],
)
def test_the_rest_stays_a_conflict(ours: str, base: str, theirs: str) -> None:
    assert lists.merged(CONFLICT.format(*map(lines, (ours, base, theirs)))) is None


def test_a_file_with_another_conflict_stays_one() -> None:
    good, bad = (CONFLICT.format(*map(lines, parts)) for parts in (("a,", "", "b,"), ("a,", "x,", "b,")))
    assert lists.merged(good + bad) is None
    assert lists.merged(bad.removeprefix("[\n") + good) is None


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


def lines(items: str) -> str:
    """Return the items, which "; " separates, one in a line."""
    return "".join(f"{item}\n" for item in items.split("; ") if item)
