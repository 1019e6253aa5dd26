"""A kind of fault and the requests that it befalls. No I/O."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from enkash_async.sandbox.faults.exchange import Operation
from enkash_async.sandbox.faults.kind import Kind
from enkash_async.sandbox.keywords import keywords_named
from enkash_async.sandbox.knobs import KNOB, OneOf, Rule, Share, Whole, Wholes


def _numbers(requests: Iterable[int]) -> tuple[int, ...]:
    if not isinstance(requests, Iterable):
        raise TypeError(f"requests must be a list of whole numbers, got {requests!r}")
    return tuple(requests)


@keywords_named
@attrs.frozen
class Fault:
    """A kind of fault and the requests that it befalls: those for which every condition holds.

    Without conditions it befalls every search.
    """

    kind: Kind
    on: Operation = attrs.field(
        default="search", kw_only=True, metadata={KNOB: OneOf(Operation, "which operation")}
    )
    requests: tuple[int, ...] = attrs.field(
        default=(),
        converter=_numbers,
        kw_only=True,
        metadata={KNOB: Wholes("these requests of the operation, counted from 0")},
    )
    offset_from: int | None = attrs.field(
        default=None, kw_only=True, metadata={KNOB: Whole("this offset or more", optional=True)}
    )
    offset_to: int | None = attrs.field(
        default=None, kw_only=True, metadata={KNOB: Whole("this offset or less", optional=True)}
    )
    row: int | None = attrs.field(
        default=None,
        kw_only=True,
        metadata={KNOB: Whole("pages that hold this row of the list, from 0", optional=True)},
    )
    skip: int = attrs.field(
        default=0, kw_only=True, metadata={KNOB: Whole("but not the first so many of them")}
    )
    every: int = attrs.field(
        default=1,
        kw_only=True,
        metadata={KNOB: Whole("of the rest, one in so many", at_least=1)},
    )
    probability: float = attrs.field(
        default=1.0, kw_only=True, metadata={KNOB: Share("of those this share, at random")}
    )
    burst: int = attrs.field(
        default=1,
        kw_only=True,
        metadata={KNOB: Whole("when it strikes, so many in succession", at_least=1)},
    )
    times: int | None = attrs.field(
        default=None,
        kw_only=True,
        metadata={KNOB: Whole("at most so often in all", at_least=1, optional=True)},
    )

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.kind, Kind):
            raise TypeError(
                f"kind must be a fault of enkash_async.sandbox.faults, got {self.kind!r}"
            )
        for name, rule in self.conditions().items():
            rule.check(name, getattr(self, name))
        low, high = self.offset_from, self.offset_to
        if low is not None and high is not None and low > high:
            raise ValueError(f"offset_from ({low}) must not exceed offset_to ({high})")
        about_pages = (self.offset_from, self.offset_to, self.row) != (None, None, None)
        if self.on == "token" and (about_pages or self.kind.search_only):
            what = "an offset or a row" if about_pages else self.kind.name
            raise ValueError(f'on must be "search" for {what}')

    @classmethod
    def conditions(cls) -> dict[str, Rule]:
        """Return what can be set beside the kind, by name."""
        return {field.name: field.metadata[KNOB] for field in attrs.fields(cls) if field.metadata}
