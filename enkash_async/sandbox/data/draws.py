"""Random draws, many at a time. No I/O."""

import string
from collections.abc import Sequence
from random import Random
from typing import Any

# For bytes.translate: random bytes become characters in one step.
_LETTERS = (string.ascii_uppercase * 10)[:256].encode()
_DIGITS = (string.digits * 26)[:256].encode()
_ALPHANUMERIC = ((string.ascii_uppercase + string.digits) * 8)[:256].encode()


class Draws:
    """Draws whole columns, which takes a fraction of the time that single draws take."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)
        self.chance = self._random.random

    def phones(self, count: int) -> list[str]:
        # Indian mobile numbers begin with 6 to 9, so these are nobody's.
        return ["+91 50000" + digits for digits in self.digits(5, count)]

    def picks(self, options: Sequence[Any], count: int, *, missing: float = 0) -> list[Any]:
        """Draw *count* of the options; of these the share *missing* is None instead."""
        picks = self._random.choices(options, k=count)
        if not missing:
            return picks
        gone = self.chances(missing, count)
        return [None if absent else pick for pick, absent in zip(picks, gone, strict=True)]

    def pairs(
        self, options: Sequence[tuple[str, str]], count: int, *, missing: float = 0
    ) -> list[tuple[str, str] | tuple[None, None]]:
        return [pair or (None, None) for pair in self.picks(options, count, missing=missing)]

    def chances(self, share: float, count: int) -> list[bool]:
        return [self.chance() < share for _ in range(count)]

    def codes(self, prefix: str, length: int, count: int) -> list[str]:
        return [prefix + code for code in self._strings(_ALPHANUMERIC, length, count)]

    def digits(self, length: int, count: int) -> list[str]:
        return self._strings(_DIGITS, length, count)

    def letters(self, length: int, count: int) -> list[str]:
        return self._strings(_LETTERS, length, count)

    def whole(self, low: int, high: int) -> int:
        """Draw one number from *low* up to *high*, without it."""
        return self._random.randrange(low, high)

    def _strings(self, alphabet: bytes, length: int, count: int) -> list[str]:
        text = self._random.randbytes(length * count).translate(alphabet).decode()
        return [text[start : start + length] for start in range(0, length * count, length)]
