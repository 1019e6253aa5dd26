"""Every kind of fault, by the name that a script gives it. No I/O.

A further kind is a class in the module of its subject, derived from one of `kind.py`. It is named
here and in the package's `__init__.py`, and docs/testing.md lists it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from enkash_async.sandbox.faults import answers, bodies, breaking, changes, oddities, pages, timing
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
            *(oddities.OddAnswer, oddities.NoContent),
            *(pages.DuplicateRows, pages.ReorderRows, pages.BadRecord),
        )
    }
)
