"""The form of the documentation: names, links, decision records."""

import re
import subprocess
import textwrap
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from pages import FENCE

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = [ROOT / "docs" / "en", ROOT / "docs" / "ko"]
PAIRS = [(file, LANGUAGES[1] / file.relative_to(LANGUAGES[0])) for file in sorted(LANGUAGES[0].rglob("*.md"))]
FEATURES = "|".join(tomllib.loads((ROOT / "starter/pyproject.toml").read_text())["tool"]["ondol"]["features"])
# Words for the numbers 0 to 12.
ENGLISH = [
    *(r"no|none|zero", r"an?|one|once|first", r"two|twice|second|both", r"three|third", r"four|fourth", r"five|fifth"),
    *(r"six|sixth", r"seven", r"eight", r"nine", r"tens?", r"eleven", r"twelve"),
]
KOREAN = [
    *("없", "하나|한|첫", "둘|두", "셋|세", "넷|네", "다섯"),
    *("여섯", "일곱", "여덟", "아홉", "열", "열하나|열한", "열둘|열두"),
]


def test_both_languages_have_the_same_pages() -> None:
    english, korean = (sorted(file.relative_to(folder) for file in folder.rglob("*.md")) for folder in LANGUAGES)
    assert english == korean
    assert len(english) >= 5


def test_the_index_lists_every_page() -> None:
    for folder in LANGUAGES:
        listed = re.findall(r"\]\(([\w/-]+\.md)\)", (folder / "README.md").read_text())
        pages = [str(file.relative_to(folder)) for file in folder.rglob("*.md") if file.name != "README.md"]
        assert sorted(listed) == sorted(pages)


def test_relative_links_lead_to_files() -> None:
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    targets = [
        (file, target)
        for file in (ROOT / name for name in listed.stdout.splitlines())
        for target in re.findall(r"\]\(([^)#\s]+)", file.read_text())
        if "://" not in target
    ]
    assert len(targets) > 100
    assert [(file.name, target) for file, target in targets if not (file.parent / target).exists()] == []


def test_each_decision_has_its_number_a_title_and_a_date() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").iterdir())
    assert len(decisions) >= 17
    for number, file in enumerate(decisions, 1):
        assert re.fullmatch(rf"{number:04}(-\w+)+\.md", file.name)
        assert re.match(rf"# {number}\. \S.*\n\nDate: \d{{4}}-\d\d-\d\d\n\n\S", file.read_text()), file.name


def test_both_languages_have_the_same_code_blocks() -> None:
    for english, korean in PAIRS:
        assert FENCE.findall(english.read_text()) == FENCE.findall(korean.read_text()), korean


def test_both_languages_have_the_same_numbers() -> None:
    """A number up to 12 may be a word in one of them ("two seconds", "2초")."""
    words = [rf"\b({word})\b" for word in ENGLISH]
    alone: list[tuple[str, str]] = []
    for english, korean in PAIRS:
        texts = [_prose(file) for file in (english, korean)]
        numbers = [Counter(re.findall(r"\d+", text)) for text in texts]
        alone += [(english.name, n) for n in numbers[0] - numbers[1] if not _in_words(n, KOREAN, texts[1])]
        alone += [(korean.name, n) for n in numbers[1] - numbers[0] if not _in_words(n, words, texts[0])]
    assert alone == []


def test_python_blocks_are_parts_of_files() -> None:
    for page in sorted((ROOT / "docs").glob("*/how-to/*.md")) + sorted((ROOT / "docs").glob("*/explain/*.md")):
        for language, code in FENCE.findall(page.read_text()):
            if language == "python":
                assert (fault := _fault(code, named=page.parent.name == "how-to")) is None, f"{page}: {fault}"


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("# examples/jobs.py\n# …\n@app.post", "is not in the file"),
        ("# examples/none.py\nimport os\n", "no such file"),
        ("import os\n", "names no file"),
        ("# tests/test_docs.py\nimport re\n# …\n    for english, korean in PAIRS:\n        ...\n", None),
        ("# tests/test_docs.py\ndef _fault(\n# …\nimport re\n", "is not in the file"),
    ],
)
def test_a_wrong_python_block_is_found(code: str, fault: str | None) -> None:
    assert (found := _fault(code, named=True)) == fault or (fault is not None and fault in str(found))


def _in_words(number: str, words: Sequence[str], text: str) -> bool:
    return int(number) < len(words) and re.search(words[int(number)], text, re.IGNORECASE) is not None


def _prose(page: Path) -> str:
    """Return the text without code blocks and link targets."""
    return re.sub(r"\]\([^)]*\)", "]", FENCE.sub("", page.read_text()))


def _fault(code: str, *, named: bool) -> str | None:
    """Return what is wrong with a block, or None. Its parts must be whole lines of its file, in order."""
    first, _, rest = code.partition("\n")
    if (name := re.fullmatch(r"# (\S+\.py)", first)) is None:
        return "names no file in its first line" if named else None
    if not (ROOT / name[1]).is_file():
        return f"no such file: {name[1]}"
    lines, at = _lines((ROOT / name[1]).read_text()), 0
    for part in re.split(r"^ *(?:# …|\.\.\.)$", rest, flags=re.MULTILINE):
        wanted = _lines(textwrap.dedent(part.strip("\n")))
        found = (n for n in range(at, len(lines)) if _dedented(lines[n : n + len(wanted)]) == wanted)
        if (start := next(found, None)) is None:
            return f"is not in the file: {part}"
        at = start + len(wanted)
    return None


def _lines(text: str) -> list[str]:
    """Return the lines without the marks of removable features."""
    return [re.sub(rf"  # ({FEATURES})$", "", line).rstrip() for line in text.splitlines()]


def _dedented(lines: list[str]) -> list[str]:
    return textwrap.dedent("\n".join(lines)).split("\n") if lines else []


def test_every_setting_has_a_description() -> None:
    settings = (ROOT / "docs" / "en" / "reference" / "settings.md").read_text(encoding="utf-8")
    assert settings.count("\n| `") > 60
    assert "| – |\n" not in settings
