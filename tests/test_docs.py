"""The form of the documents: names, links, records of decisions."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_each_decision_has_its_number_a_title_and_a_date() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").iterdir())
    assert len(decisions) >= 17
    for number, file in enumerate(decisions, 1):
        assert re.fullmatch(rf"{number:04}(-\w+)+\.md", file.name)
        assert re.match(rf"# {number}\. \S.*\n\nDate: \d{{4}}-\d\d-\d\d\n\n\S", file.read_text()), file.name
