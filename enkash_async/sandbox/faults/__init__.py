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

This package knows requests, answers and connections, and of a list no more than `targets.py` says.
It must never know which lists there are, nor the server that they are served by.
Begin with `kind.py`, what all faults have in common; `injector.py` decides when they strike.
"""

from enkash_async.sandbox.faults.answers import (
    BareFailure,
    Ceiling,
    Error,
    HttpError,
    RateLimit,
    Redirect,
)
from enkash_async.sandbox.faults.bodies import ContentType, Empty, GzipBomb, Html, HugeBody
from enkash_async.sandbox.faults.breaking import (
    BrokenJson,
    CloseAfter,
    Garbage,
    Reset,
    ResetInside,
    Truncate,
)
from enkash_async.sandbox.faults.changes import DeleteRows, ExpireTokens, InsertRows, LockOut
from enkash_async.sandbox.faults.fault import Fault
from enkash_async.sandbox.faults.kind import Kind
from enkash_async.sandbox.faults.kinds import KINDS
from enkash_async.sandbox.faults.oddities import NoContent, OddAnswer
from enkash_async.sandbox.faults.pages import BadRecord, DuplicateRows, ReorderRows
from enkash_async.sandbox.faults.script import FaultScript
from enkash_async.sandbox.faults.timing import Latency, Stall, StallInside, Trickle
from enkash_async.sandbox.faults.toml import FaultScriptError

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
    "NoContent",
    "OddAnswer",
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
