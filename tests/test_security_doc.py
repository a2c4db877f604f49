"""The security page names existing tests, and every setting of accounts and limits with its default."""

import re
from pathlib import Path

import pytest
from app.settings import AppSettings, LimitsSettings

from ondol.auth.options import AuthSettings

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = ("en", "ko")
DOCUMENTS = [ROOT / "docs" / language / "explain" / "security.md" for language in LANGUAGES]
SETTING = re.compile(r"^\| `(\w+?)__(\w+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=LANGUAGES)
def test_every_setting_is_there_with_its_default(document: Path) -> None:
    found = SETTING.findall(document.read_text())
    assert {name.lower() for group, name, *_ in found if group == "AUTH"} == set(AuthSettings.model_fields)
    assert {name.lower() for group, name, *_ in found if group == "LIMITS"} == set(LimitsSettings.model_fields)
    for group, name, default, why in found:
        settings = AppSettings.model_fields[group.lower()].default
        if default.startswith("`"):
            assert default == f"`{type(settings).model_fields[name.lower()].default}`", name
        assert why.strip()


@pytest.mark.parametrize("document", DOCUMENTS, ids=LANGUAGES)
def test_what_is_said_to_check_it_exists(document: Path) -> None:
    folders = [ROOT / "tests", ROOT / "starter" / "tests", ROOT / "src" / "ondol" / "testing" / "contract"]
    named = set(re.findall(r"`((?:\w+/)?test_\w+\.py)`", document.read_text()))
    assert len(named) >= 12
    for name in named:
        assert [folder for folder in folders if (folder / name).exists()], name
