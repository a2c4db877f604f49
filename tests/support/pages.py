"""Code blocks of Markdown pages."""

import re
from pathlib import Path

FENCE = re.compile(r"^ *```([^\n]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str | None = "") -> list[str]:
    """Return the code blocks of a language; "" is output, None is every block."""
    return [text for name, text in FENCE.findall(page.read_text(encoding="utf-8")) if language in (name, None)]
