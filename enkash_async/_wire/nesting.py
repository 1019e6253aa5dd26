"""Nothing is read that is nested deeper than a bound of our own. No I/O.

Parsers that call themselves stop at a limit which is another on each version of Python, and at
none that a program has raised far enough. Here no function calls itself.
"""

from __future__ import annotations

import re

MAX_DEPTH = 100
"""Levels of an answer that are read. The service's own has at most six."""

MAX_ERROR_DEPTH = 32
"""Levels of what becomes Python objects: others walk through these by functions that recurse."""

_next_bracket = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+([\[\]{}])', re.DOTALL).match


MAX_BRACKETS = 50_000
"""Brackets that are looked at in one go, which takes about ten milliseconds."""


def has_too_many_brackets(text: bytes) -> bool:
    """Say whether following the brackets in *text* would take too long."""
    # Two of them stand for a level.
    return len(text) > MAX_BRACKETS and text.count(b"[") + text.count(b"{") > MAX_BRACKETS


def pruned(text: bytes, depth: int = MAX_DEPTH) -> bytes:
    """Return JSON without what is nested deeper than *depth*: lists and objects there are empty.

    What is no JSON is none afterwards either.
    """
    parts: list[bytes] = []
    level, place, kept_to, begin = 0, 0, 0, 0
    while (found := _next_bracket(text, place)) is not None:
        place = found.end()
        if found[1] in b"[{":
            level += 1
            if level == depth + 1:
                begin = place
        else:
            level -= 1
            if level == depth:
                parts.append(text[kept_to:begin])
                kept_to = place - 1
    if level > depth:
        # Without an end, so that no parser shall find one.
        return b"".join([*parts, text[kept_to:begin]])
    return b"".join([*parts, text[kept_to:]]) if parts else text
