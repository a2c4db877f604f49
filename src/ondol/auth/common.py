"""Common passwords (NIST SP 800-63B-4, section 3.1.1.2; OWASP ASVS 5.0, 6.2.4)."""

import gzip
import unicodedata
from functools import cache
from pathlib import Path

_LIST = Path(__file__).with_name("common_passwords.txt.gz")


def is_common(password: str, *, context: tuple[str, ...] = ()) -> bool:
    """Return whether a password is too common: in the list of about 8,000 (`tools/vendor-passwords`), one repeated
    character, or a word in `context`, such as the account's e-mail address. Ignores case."""
    plain = _plain(password)
    return len(set(plain)) == 1 or plain in _common() or plain in {_plain(word) for word in context}


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


@cache
def _common() -> frozenset[str]:
    return frozenset(gzip.decompress(_LIST.read_bytes()).decode().split("\n"))
