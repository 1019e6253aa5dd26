"""Where a search begins: at its first row, or where a resume token has come to. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Generic, TypeVar

from enkash_async._arguments import wrong_type
from enkash_async.errors import InvalidArgumentError
from enkash_async.resume import CrawlPoint, ListPoint, ResumeToken

P = TypeVar("P", ListPoint, CrawlPoint)


class Start(Generic[P]):
    """The *point* at which a search begins, and what its tokens are known by.

    The fingerprint is made when it is first asked for: most searches are never gone on with.
    """

    def __init__(self, point: P, make_fingerprint: Callable[[], str]) -> None:
        self.point: P = point
        self._make_fingerprint = make_fingerprint

    @cached_property
    def fingerprint(self) -> str:
        """Return the fingerprint of the query."""
        return self._make_fingerprint()

    def token_at(self, point: ListPoint | CrawlPoint) -> ResumeToken:
        """Return the token of a search that began here and has come to *point*."""
        return ResumeToken(fingerprint=self.fingerprint, point=point)


def start_of(
    first: P, make_fingerprint: Callable[[], str], resume: ResumeToken | str | None
) -> Start[P]:
    """Return where a search begins: at *first*, or where the one to *resume* has come to."""
    if resume is None:
        return Start(first, make_fingerprint)
    token = ResumeToken.parse(resume) if isinstance(resume, str) else resume
    if not isinstance(token, ResumeToken):
        raise wrong_type("resume", "a ResumeToken or its text", token)
    fingerprint = make_fingerprint()
    if token.fingerprint != fingerprint:
        raise InvalidArgumentError(
            "this resume token belongs to another search: filter, order_by, direction and offset"
            " must be those of the search it came from"
        )
    return Start(token.point_of(type(first)), lambda: fingerprint)
