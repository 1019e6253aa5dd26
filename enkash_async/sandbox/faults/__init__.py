"""Faults that a script injects into the answers of a sandbox.

    FaultScript([Fault(faults.Latency(0.05)), Fault(faults.HttpError(503), every=10)], seed=7)

The same as text, for `FaultScript.parse` and `enkash-async sandbox --faults`:

    seed = 7

    [[fault]]
    kind = "latency"
    seconds = 0.05

    [[fault]]
    kind = "http_error"
    status = 503
    every = 10
"""

from enkash_async.sandbox.faults.answers import (
    BareFailure,
    Ceiling,
    ContentType,
    Empty,
    Error,
    GzipBomb,
    Html,
    HttpError,
    HugeBody,
    RateLimit,
    Redirect,
)
from enkash_async.sandbox.faults.breaking import (
    BrokenJson,
    CloseAfter,
    Garbage,
    Reset,
    ResetInside,
    Truncate,
)
from enkash_async.sandbox.faults.data import (
    BadRecord,
    DeleteRows,
    DuplicateRows,
    ExpireTokens,
    InsertRows,
    LockOut,
    ReorderRows,
)
from enkash_async.sandbox.faults.kind import Kind
from enkash_async.sandbox.faults.script import KINDS, Fault, FaultScript, FaultScriptError
from enkash_async.sandbox.faults.timing import Latency, Stall, StallInside, Trickle

__all__ = [
    "KINDS",
    "BadRecord",
    "BareFailure",
    "BrokenJson",
    "Ceiling",
    "CloseAfter",
    "ContentType",
    "DeleteRows",
    "DuplicateRows",
    "Empty",
    "Error",
    "ExpireTokens",
    "Fault",
    "FaultScript",
    "FaultScriptError",
    "Garbage",
    "GzipBomb",
    "Html",
    "HttpError",
    "HugeBody",
    "InsertRows",
    "Kind",
    "Latency",
    "LockOut",
    "RateLimit",
    "Redirect",
    "ReorderRows",
    "Reset",
    "ResetInside",
    "Stall",
    "StallInside",
    "Trickle",
    "Truncate",
]
