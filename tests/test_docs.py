"""The form of the documentation: names, links, decision records."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = [ROOT / "docs" / "en", ROOT / "docs" / "ko"]


def test_both_languages_have_the_same_pages() -> None:
    english, korean = (sorted(file.relative_to(folder) for file in folder.rglob("*.md")) for folder in LANGUAGES)
    assert english == korean
    assert len(english) >= 5


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
