"""Regular expressions that are compiled when they are first used. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import AnyStr, Generic

Find = Callable[..., "re.Match[AnyStr] | None"]


class Pattern(Generic[AnyStr]):
    """A regular expression, to be kept in a module.

    Most are for texts that few answers hold, and compiling all would lengthen each start.
    """

    fullmatch: Find[AnyStr]
    match: Find[AnyStr]
    search: Find[AnyStr]

    def __init__(self, pattern: AnyStr, flags: int = 0) -> None:
        self._pattern: AnyStr = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Find[AnyStr]:
        if name not in ("fullmatch", "match", "search"):
            raise AttributeError(f"a Pattern has no {name}")
        compiled = re.compile(self._pattern, self._flags)
        # From here on they are attributes like any other.
        self.fullmatch, self.match, self.search = (
            compiled.fullmatch,
            compiled.match,
            compiled.search,
        )
        found: Find[AnyStr] = getattr(self, name)
        return found

    def __repr__(self) -> str:
        return f"Pattern({self._pattern!r})"
