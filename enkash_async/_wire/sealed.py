"""Values that must not be shown: how they are carried, and taken out of texts and errors. No I/O.

Tools that report a failure print the local variables of every frame. So what is secret travels
through the SDK's functions sealed, and is revealed inside the call that needs it.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from typing import Any, Generic, NoReturn, TypeVar, cast
from urllib.parse import quote, quote_plus

T_co = TypeVar("T_co", covariant=True)

MASK = "***"

SHORT = 3
"""Characters of a secret that may as well be a part of an ordinary word."""


class Sealed(Generic[T_co]):
    """Holds a value that no `repr`, format or pickle shows."""

    __slots__ = ("_value",)

    def __init__(self, value: T_co) -> None:
        self._value = value

    def reveal(self) -> T_co:
        """Return the value; not to be given a name in a frame that an error may leave."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    def __reduce__(self) -> NoReturn:
        raise TypeError("what is sealed is not written anywhere")


def masked(value: Any, secrets: Iterable[str]) -> Any:
    """Return a text or decoded JSON with *secrets* masked in all texts, in every common spelling.

    One of up to `SHORT` characters is masked where it stands alone: it may be a part of any word.
    """
    forms = {form: secret for secret in secrets if secret for form in _spellings(secret)}
    if not forms:
        return value
    longest_first = sorted(forms, key=len, reverse=True)
    pattern = "|".join(_pattern(form, len(forms[form]) <= SHORT) for form in longest_first)
    return _masked(value, re.compile(pattern), len(longest_first[-1]))


def _spellings(secret: str) -> list[str]:
    return [
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe=""),
        quote_plus(secret),
        base64.b64encode(secret.encode()).decode(),
    ]


def _pattern(form: str, is_short: bool) -> str:
    return rf"(?<!\w){re.escape(form)}(?!\w)" if is_short else re.escape(form)


def _masked(value: Any, pattern: re.Pattern[str], shortest: int) -> Any:
    if isinstance(value, str):
        # An answer may hold a great many short texts.
        return value if len(value) < shortest else pattern.sub(MASK, value)
    inside: Any = value
    if isinstance(value, list):
        return [_masked(item, pattern, shortest) for item in inside]
    if isinstance(value, dict):
        return {
            _masked(name, pattern, shortest): _masked(item, pattern, shortest)
            for name, item in inside.items()
        }
    return inside


def scrubbed(error: BaseException | None) -> BaseException | None:
    """Take from a foreign *error* what its frames and its input hold, and return the same error.

    Its type and text stay. Frames of a parser or a converter hold the bytes that it was given.
    """
    seen: set[int] = set()
    chain = [error]
    while chain:
        link = chain.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        link.__traceback__ = None
        if isinstance(link, UnicodeDecodeError):
            # It carries the whole input beside the place.
            link.object = b""
            link.args = (link.encoding, b"", link.start, link.end, link.reason)
        if isinstance(link, BaseExceptionGroup):
            chain += cast("BaseExceptionGroup[BaseException]", link).exceptions
        if link.__suppress_context__:
            # Not shown in a traceback, yet there to be found; it quotes what it could not read.
            link.__context__ = None
        chain += [link.__cause__, link.__context__]
    return error
