"""Everything that an error leaves behind: in logs, in reports of failures, on disk."""

from __future__ import annotations

import base64
import json
import pickle
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from urllib.parse import quote, quote_plus

TESTS = str(Path(__file__).parent.parent)


def spellings(secret: str) -> set[str]:
    """Return the forms in which a secret may stand in a text."""
    encoded = base64.b64encode(secret.encode()).decode()
    return {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret), encoded}


def chain_of(error: BaseException) -> list[BaseException]:
    """Return *error* and every error that it refers to."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        link = waiting.pop()
        if link is None or any(link is other for other in found):
            continue
        found.append(link)
        waiting += [link.__cause__, link.__context__]
        if isinstance(link, BaseExceptionGroup):
            waiting += link.exceptions
    return found


def left_behind(error: BaseException) -> Iterator[str]:
    """Give every text that a log, a debugger's report or a pickle may take from *error*.

    The local variables of all frames are among them, but for those of the tests themselves.
    """
    yield pickle.dumps(error).decode("latin-1")
    for link in chain_of(error):
        yield str(link)
        yield repr(link)
        yield repr(link.args)
        yield repr(vars(link))
        yield "".join(traceback.format_exception(link))
        yield from locals_of(link.__traceback__)


def locals_of(trace: TracebackType | None) -> Iterator[str]:
    for frame, _ in traceback.walk_tb(trace):
        if not frame.f_code.co_filename.startswith(TESTS):
            for name, value in frame.f_locals.items():
                yield f"{frame.f_code.co_qualname} {name}={value!r}"


def assert_keeps(error: BaseException, *secrets: str) -> None:
    """Assert that *error* keeps all *secrets*, in every spelling."""
    forms = {form for secret in secrets for form in spellings(secret)}
    for text in left_behind(error):
        for form in forms:
            assert form not in text, f"{form} is shown by {text[:2000]}"
