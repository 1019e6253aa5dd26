"""Every kind of fault, by the name that a script gives it. No I/O."""

from collections.abc import Mapping
from types import MappingProxyType

from enkash_async.sandbox.faults import answers, bodies, breaking, changes, pages, timing
from enkash_async.sandbox.faults.kind import Kind

KINDS: Mapping[str, type[Kind]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            *(timing.Latency, timing.Stall, timing.StallInside, timing.Trickle),
            *(breaking.Reset, breaking.ResetInside, breaking.CloseAfter, breaking.Truncate),
            *(breaking.BrokenJson, breaking.Garbage),
            *(bodies.Html, bodies.Empty, bodies.ContentType, answers.Error),
            *(answers.BareFailure, answers.HttpError, answers.RateLimit, answers.Redirect),
            *(answers.Ceiling, bodies.HugeBody, bodies.GzipBomb),
            *(changes.ExpireTokens, changes.LockOut, changes.InsertRows, changes.DeleteRows),
            *(pages.DuplicateRows, pages.ReorderRows, pages.BadRecord),
        )
    }
)
"""Every kind of fault by its name in a script."""
