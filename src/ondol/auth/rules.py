"""Rules for passwords in request bodies (NIST SP 800-63B-4, section 3.1.1.2; OWASP ASVS 5.0, 6.2).

`Password` is for a new password, `AnyPassword` for one that is only compared: a rule that came later refuses no login.

    from ondol.auth.rules import Password
    from pydantic import TypeAdapter
    assert TypeAdapter(Password).validate_python("ondol is warm").get_secret_value() == "ondol is warm"
"""

import gzip
import unicodedata
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from ondol.auth.passwords import MAX_LENGTH, MIN_LENGTH, is_possible

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


def _is_text(value: SecretStr) -> SecretStr:
    if not is_possible(value.get_secret_value()):
        raise PydanticCustomError("password_text", "Use Unicode text without the character NUL.")
    return value


def _is_good(value: SecretStr) -> SecretStr:
    lengths = {"min_length": MIN_LENGTH, "max_length": MAX_LENGTH}
    if not MIN_LENGTH <= len(value.get_secret_value()) <= MAX_LENGTH:
        raise PydanticCustomError("password_length", "Use {min_length} to {max_length} characters.", lengths)
    if is_common(value.get_secret_value()):
        raise PydanticCustomError("password_too_common", "This password is too common.")
    return value


# `json_schema_extra`: the part of the rules that OpenAPI can express.
_SAID = {"maxLength": MAX_LENGTH, "pattern": r"^[^\x00]*$"}
AnyPassword = Annotated[SecretStr, Field(json_schema_extra=_SAID), AfterValidator(_is_text)]
Password = Annotated[AnyPassword, Field(json_schema_extra=_SAID | {"minLength": MIN_LENGTH}), AfterValidator(_is_good)]
