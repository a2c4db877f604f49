"""The texts of every language: the same mails, with the same values."""

from string import Formatter
from typing import Any

import pytest

from ondol.runtime import Runtime


def values(texts: dict[str, str]) -> set[str]:
    return {name for text in texts.values() for _, name, _, _ in Formatter().parse(text) if name}


def test_every_language_has_each_mail_with_the_same_values(runtime: Runtime[Any]) -> None:
    languages = runtime.languages
    if len(languages.names) == 1:
        pytest.skip("the service has one language")
    reference = languages.section(languages.default, "mails")
    for language in languages.names:
        mails = languages.section(language, "mails")
        assert set(mails) == set(reference), language
        for name, texts in mails.items():
            assert set(texts) == {"subject", "text"}, (language, name)
            assert values(texts) == values(reference[name]), (language, name)
