"""What the text of an error says beside what happened, composed from what is known. No I/O.

It says what was done, what may be done, and by what EnKash can find the request: each only where
that is so.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

BY_STATUS: Mapping[int, str] = MappingProxyType(
    {
        404: "Nothing is served at this path: check base_url.",
        **dict.fromkeys((405, 410), "This path is not served in this way: check base_url."),
        408: "The request did not arrive in time, which may pass.",
        421: "A connection that leads to the right server may be had later.",
        425: "That may pass.",
        501: "It will answer alike: check base_url.",
        505: "It will answer alike: check what stands between here and the service.",
        **dict.fromkeys((525, 526), "It will answer alike until EnKash has mended that."),
    }
)
"""Advice where the service names no error type, so that the status alone says what happened."""

PASSING = frozenset({500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530})
"""Statuses from 500 on that may pass by themselves."""


def of_status(status: int) -> str | None:
    """Return what is to be done after an error of which the *status* alone is known.

    None where that says no more than the kind of the error does.
    """
    if status >= 500 and status not in PASSING:
        return BY_STATUS.get(status, "Nothing says that this passes by itself.")
    return BY_STATUS.get(status)


def facts(*known: str, attempts: int, client_request_id: str | None) -> str:
    """Return what is *known* in brackets, with how often the request was sent and under which id.

    The empty text where there is nothing.
    """
    found = list(known)
    if attempts > 1:
        found.append(f"{attempts} attempts")
    if client_request_id is not None:
        found.append(f"client request {client_request_id}")
    return f" ({', '.join(found)})" if found else ""


def way_to_ask(request_id: str | None, client_request_id: str | None) -> str:
    """Return by what EnKash can find a request in its logs."""
    if request_id is not None:
        return "Give EnKash the request id."
    if client_request_id is not None:
        return "Give EnKash the client request id: the service gave none of its own."
    return "Tell EnKash when it happened: there is no request id."


def wish(retry_after: float | None) -> str:
    """Return for how long the service asks to wait, the empty text if it does not."""
    return "" if retry_after is None else f"The service asks to wait {retry_after:g} s."


def sentences(text: str, *more: str) -> str:
    """Return *text*, which has no full stop yet, followed by the sentences that are not empty."""
    said = " ".join(one for one in more if one)
    return f"{text}. {said}" if said else text
