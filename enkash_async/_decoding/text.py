"""The text of what hides a part of its data: it is for people, and says so. No I/O."""

from __future__ import annotations

import warnings


class HiddenFieldsWarning(UserWarning):
    """Something was made into text, which lacks what its `repr` hides."""


class TextForPeople:
    """What has a `repr` that hides personal data, so that no text of it may pass for the data.

    `repr()`, `!r` and `%r` are for people, and silent. `str()` and what goes through it (`print`,
    f-strings, `json.dumps(..., default=str)`, `csv`, pandas) gives the same text and warns, once
    for each line of a program: none of them raises, for a log line must not end what it tells of.
    """

    __slots__ = ()

    def _lacks(self) -> str | None:
        """Return what the `repr` lacks, None where it has everything."""
        raise NotImplementedError

    def _text(self) -> str:
        if lacks := self._lacks():
            warnings.warn(
                f"the text of a {type(self).__name__} lacks {lacks}: to_dict() has all of it; for"
                " people take repr(), or !r in an f-string, which say the same without a warning",
                HiddenFieldsWarning,
                stacklevel=3,
            )
        return repr(self)

    def __str__(self) -> str:
        return self._text()

    def __format__(self, spec: str) -> str:
        if spec:
            name = type(self).__name__
            raise TypeError(f"a {name} takes no format such as {spec!r}: format a field of it")
        return self._text()
