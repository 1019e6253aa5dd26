"""Regular expressions that are compiled when they are first used."""

from __future__ import annotations

import re

import pytest

from enkash_async._patterns import Pattern


@pytest.mark.parametrize("how", ["match", "fullmatch", "search"])
@pytest.mark.parametrize("text", ["Ab1", "xAb1", "Ab1x", "12", ""])
def test_it_finds_what_the_compiled_pattern_finds(how: str, text: str) -> None:
    pattern, compiled = Pattern(r"[a-z]+(\d)", re.IGNORECASE), re.compile("(?i)[a-z]+(\\d)")
    for _ in range(2):
        found, expected = getattr(pattern, how)(text), getattr(compiled, how)(text)
        assert (found and (found.span(), found[1])) == (expected and (expected.span(), expected[1]))


def test_it_finds_in_bytes_from_a_place_on() -> None:
    found = Pattern(rb"b+").match(b"aabb", 2)
    assert found is not None
    assert found[0] == b"bb"


def test_it_is_compiled_when_it_is_used_and_has_no_more_than_it_says() -> None:
    pattern = Pattern("(")
    assert repr(pattern) == "Pattern('(')"
    with pytest.raises(AttributeError, match="a Pattern has no sub"):
        pattern.sub  # noqa: B018
    with pytest.raises(re.error):
        pattern.match("")
