"""Customers of a session without an event loop written to a file, as by `enkash_async.export`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from enkash_async import export as of_loop
from enkash_async._arguments import wrong_type
from enkash_async._frames import hide
from enkash_async._search.list_resource import ListResource
from enkash_async.blocking.customers import Customers

__all__ = ["export"]

P = ParamSpec("P")
T = TypeVar("T")


def _without_a_loop(
    write: Callable[Concatenate[ListResource[Any, Any], P], Awaitable[T]],
) -> Callable[Concatenate[Customers, P], T]:
    # By its type rather than written out: what the other one is given, this one is.
    @wraps(write, assigned=("__name__", "__qualname__"))
    def export(resource: Customers, /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Write every customer to a file and return an account, as `enkash_async.export` says.

        *resource* is `session.customers`. Functions that are given (`on_progress` and others) run
        in the thread of the event loop; *stop* may be set by any thread. What interrupts it, such
        as Ctrl-C, leaves what can be gone on with.
        """
        if not isinstance(resource, Customers):
            raise wrong_type(
                "resource", "the customers of a session of enkash_async.blocking", resource
            )
        run, customers = resource._portal.run, resource._customers  # pyright: ignore[reportPrivateUsage]
        return run(write, customers, *args, **kwargs)

    return export


# A field of a filter could be named as the first argument is, which no filter has.
export = _without_a_loop(of_loop.export)  # type: ignore[arg-type]

hide()
