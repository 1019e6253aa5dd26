"""JSON comes in UTF-8; what is said to be another charset, and is, is read too."""

from __future__ import annotations

import json

import pytest

from enkash_async import ResponseError
from enkash_async._wire.charset import STEP, in_utf8, utf8_steps
from enkash_async._wire.envelope import raise_for_error
from enkash_async._wire.response import Response
from tests.support.answers import page_payload

NAME = "Café श्री"
LATIN = "Café"


def body(name: str) -> str:
    return json.dumps({"payload": {"data": [{"legalName": name}]}}, ensure_ascii=False)


CASES: dict[str, tuple[str | None, bytes, str]] = {
    "nothing said": (None, body(NAME).encode(), NAME),
    "utf-8": ("utf-8", body(NAME).encode(), NAME),
    "mark": (None, b"\xef\xbb\xbf" + body(NAME).encode(), NAME),
    "mark, said to be latin": ("iso-8859-1", b"\xef\xbb\xbf" + body(NAME).encode(), NAME),
    "latin": ("ISO-8859-1", body(LATIN).encode("latin-1"), LATIN),
    "windows": ("windows-1252", body("Café €").encode("cp1252"), "Café €"),
    "said to be latin": ("ISO-8859-1", body(NAME).encode(), NAME),
    "utf-16 with a mark": ("utf-16", body(NAME).encode("utf-16"), NAME),
    "utf-16 with a mark, nothing said": (None, body(NAME).encode("utf-16"), NAME),
    "utf-16le": ("UTF-16LE", body(NAME).encode("utf-16-le"), NAME),
    "utf-16-le": ("utf-16-le", body(NAME).encode("utf-16-le"), NAME),
    "UTF-32-LE": ("UTF-32-LE", body(NAME).encode("utf-32-le"), NAME),
    "utf_32_be": ("utf_32_be", body(NAME).encode("utf-32-be"), NAME),
    "utf-16, said of UTF-8": ("utf-16", body(NAME).encode(), NAME),
    "utf-16be": ("utf-16be", body(NAME).encode("utf-16-be"), NAME),
    "utf-32": (None, body(NAME).encode("utf-32"), NAME),
    "unknown": ("x-planted", body(NAME).encode(), NAME),
}


@pytest.mark.parametrize(("charset", "content", "name"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_a_page_in_any_charset_is_that_page(
    charset: str | None, content: bytes, name: str, size: int
) -> None:
    kind = "application/json" + (f"; charset={charset}" if charset else "")
    pieces = [content[place : place + size] for place in range(0, len(content), size)]
    response = Response(200, {"content-type": kind}, pieces)

    [record] = page_payload(response).records
    assert json.loads(bytes(record)) == {"legalName": name}
    raise_for_error(response)


@pytest.mark.parametrize(
    ("charset", "content"),
    [
        ("utf-16", b'{"payload":{"data":[]}}'),
        ("utf-16le", b"\xff"),
        ("windows-1252", b'{"payload":{"data":["\x81"]}}'),
        (None, b"\xff\xfe\x00"),
        ("utf-16", b"\xff\xfe\x00\xd8"),
    ],
)
def test_what_is_not_in_the_charset_that_is_said_is_left_as_it_came(
    charset: str | None, content: bytes
) -> None:
    kind = f"application/json; charset={charset}" if charset else ""
    response = Response(200, {"content-type": kind}, content)
    assert in_utf8(response).body == content


def test_a_charset_that_is_not_true_is_no_page() -> None:
    response = Response(200, {"content-type": "text/html; charset=utf-16"}, b"<html></html>")
    with pytest.raises(ResponseError, match="not JSON"):
        page_payload(response)


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "utf-32-le"])
@pytest.mark.parametrize("size", [65_536, 10_000_000])
def test_a_large_answer_is_converted_in_steps(charset: str, size: int) -> None:
    content = ("{" + "\xe9" * 3 * STEP).encode(charset)
    pieces = [content[place : place + size] for place in range(0, len(content), size)]
    steps = utf8_steps(Response(200, {"content-type": f"a/b; charset={charset}"}, pieces))

    turns = 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            converted: Response = end.value
            break
        turns += 1
    assert turns >= len(content) // (2 * STEP)
    assert converted.body == ("{" + "\xe9" * 3 * STEP).encode()


def test_an_ordinary_answer_is_not_touched() -> None:
    response = Response(200, {"content-type": "application/json"}, b'{"payload":{"data":[]}}')
    assert in_utf8(response) is response


@pytest.mark.parametrize(
    ("charset", "content"),
    [
        ("utf-7", body("Caf+AOk-").encode()),
        ("UTF7", body("x").encode()),
        ("unicode-1-1-utf-7", body("x").encode()),
        ("iso-2022-jp", body("x").encode()),
        ("ISO-2022-KR", body("x").encode()),
        ("hz-gb-2312", body("~{<:Ky2;~}").encode()),
    ],
)
def test_a_charset_that_looks_like_ascii_and_is_not_is_refused(
    charset: str, content: bytes
) -> None:
    response = Response(200, {"content-type": f"application/json; charset={charset}"}, content)
    for read in (page_payload, raise_for_error):
        with pytest.raises(ResponseError, match=f"declares the charset {charset}, which") as caught:
            read(response)
        assert caught.value.final
