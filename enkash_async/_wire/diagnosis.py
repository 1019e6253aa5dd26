"""What is said of an answer that is not the service's envelope, though no status says so. No I/O.

The address and what stands in the way are blamed only where what came is no JSON at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import urlsplit

from enkash_async._patterns import Pattern
from enkash_async._wire.nesting import TooDeepError
from enkash_async._wire.printable import printable
from enkash_async._wire.response import Response
from enkash_async.errors import ResponseError

_MAX_LOCATION = 200

_BLAME = "a proxy, or a wrong base_url, answers like this"

_END = 64 * 1024

_KINDS: Mapping[bytes, str] = {
    **{b"[": "a list", b'"': "a text", b"t": "true", b"f": "false", b"n": "null"}
}

_NO_CONTENT = (204, 205)

_REDIRECTS = (301, 302, 303, 307, 308)
"""Statuses that lead elsewhere; others of 3xx offer a choice, or speak of a cache (RFC 9110)."""

IN_BETWEEN: Mapping[int, str] = {
    407: "a proxy on the way asks for credentials of its own, so the service was not reached",
    511: "the network asks for a login of its own, so the service was not reached",
}
"""Statuses with which something else answers in the place of the service."""

_TYPE = Pattern(r"[\w.+-]{1,50}/[\w.+-]{1,50}", re.ASCII)

# As msgspec writes them: what, and where.
_MALFORMED = Pattern(r"(?:JSON is malformed: )?(?P<what>.*?)(?: \(byte (?P<byte>\d+)\))?")

_FIRST_BYTE = Pattern(rb"\s*+(.?)", re.DOTALL)


def foreign_answer(response: Response, cause: BaseException | None) -> ResponseError:
    """Return the error for *response*, whose body is no JSON object.

    *cause* says why it is no JSON, None if it is; it must have been scrubbed.
    """
    if 300 <= response.status < 400:
        return _final(_redirect(response), response)
    if response.status in _NO_CONTENT:
        return _final(
            f"the service says that it has nothing to send (HTTP {response.status}), which is no"
            " page, not even an empty one",
            response,
        )
    found = _FIRST_BYTE.match(response.body)
    first = found[1] if found else b""
    if not first:
        return ResponseError(f"the answer was empty; {_BLAME}", response.status)
    if cause is None:
        kind = _KINDS.get(first, "a number")
        return _final(
            f"the answer is JSON, but not the envelope of the service: {kind} and no object",
            response,
        )
    if first not in (b"{", b"["):
        return ResponseError(
            f"the answer was not JSON ({_content_type(response)}, {len(response.body)} bytes);"
            f" {_BLAME}",
            response.status,
        )
    return _broken_answer(response, cause)


def refusal_in_between(response: Response) -> ResponseError:
    """Return the error for *response*, whose status is one of `IN_BETWEEN`."""
    return _final(IN_BETWEEN[response.status], response)


def unreadable_text(charset: str, response: Response) -> ResponseError:
    """Return the error for an answer in a *charset* that would be taken for other text."""
    return _final(f"the answer declares the charset {charset}, which is not read", response)


def unreadable_page(response: Response, *, is_sound: bool) -> ResponseError:
    """Return the error for a page that was given up because reading it would take seconds."""
    fault = "holds millions of values" if is_sound else "is not sound JSON"
    return _final(
        f"the answer {fault}, and is too intricate to look for the records in it"
        f" ({response.nbytes} bytes)",
        response,
    )


def _final(text: str, response: Response) -> ResponseError:
    """Return the error for what would be answered alike, were it asked again."""
    error = ResponseError(text, response.status)
    error.final = True
    return error


def _broken_answer(response: Response, cause: BaseException) -> ResponseError:
    size = len(response.body)
    if isinstance(cause, (RecursionError, TooDeepError)):
        return _final(f"the answer is nested too deep to be read ({size} bytes)", response)
    found = _MALFORMED.fullmatch(str(cause))
    what, place = (str(cause), None) if found is None else (found["what"], found["byte"])
    if "truncated" in what.lower():
        # Something cut it off, and need not do so again.
        text = f"the answer ends in the middle of its JSON, after {size} bytes"
        error = ResponseError(text, response.status)
    else:
        where = "" if place is None else f" at byte {place} of {size}"
        text = f"the answer is not sound JSON: {what}{where}"
        error = ResponseError(text, response.status)
        error.digest = _digest(response.body, text)
    # Who raises the error is in the middle of nothing, so that this is shown as what it is.
    error.__cause__ = cause
    return error


def _digest(body: bytes, text: str) -> str:
    # Both ends and the place of the fault tell answers apart, and take no time.
    return sha256(b"%b%b%b" % (text.encode(), body[:_END], body[-_END:])).hexdigest()


def _redirect(response: Response) -> str:
    if response.status not in _REDIRECTS:
        return f"the service answered HTTP {response.status}, which brings no page"
    target = without_query(response)
    return (
        f"the service answered with a redirect{f' to {target}' if target else ''}, which is not"
        " followed because credentials would go with it; if that is the service, set base_url to"
        " the final address"
    )


def without_query(response: Response) -> str:
    """Return scheme, host and path of where a redirect leads, and nothing that may be a secret."""
    try:
        parts = urlsplit(response.headers.get("location", ""))
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    # Masked before the query is cut off, which may begin within a secret.
    rest = response.masked(parts._replace(scheme="", netloc="").geturl())
    path = re.split(r"[?#]", rest, maxsplit=1)[0]
    place = f"{host}:{port}" if port else host
    scheme = f"{parts.scheme}:" if parts.scheme else ""
    address = f"{scheme}//{response.masked(place)}{path}" if host else f"{scheme}{path}"
    return printable(address)[:_MAX_LOCATION]


def _content_type(response: Response) -> str:
    kind = response.headers.get("content-type", "").split(";")[0].strip()
    return str(response.masked(kind)) if _TYPE.fullmatch(kind) else "no content type"
