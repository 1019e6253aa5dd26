"""A session where it is needed: on the driver, or on an executor, with the secrets found there."""

from __future__ import annotations

import importlib
import os
from typing import Any

from enkash_async.session import ENVIRONMENT, EnKashSession
from enkash_async.spark.options import SourceOptions


def session_of(options: SourceOptions, concurrency: int, rate: float | None) -> EnKashSession:
    """Return a session that takes *concurrency* and *rate* of what all tasks may take together."""
    limits: dict[str, Any] = {"max_concurrency": concurrency, "page_size": options.page_size}
    if rate is not None:
        limits["max_rate"] = rate
    if options.auth is not None:
        base_url = _environment(options)["ENKASH_BASE_URL"]
        return EnKashSession(base_url, _function(options.auth)(), **limits)
    try:
        # Without a name here: reports of failures print the local variables of every frame.
        return EnKashSession.from_env(_environment(options), **limits)
    except ValueError as error:
        prefix = options.variables
        raise ValueError(
            f"{error}, on the driver and on each executor"
            f" (spark.executorEnv.…; here their names begin with {prefix})"
        ) from None


def _environment(options: SourceOptions) -> dict[str, str]:
    """Return the variables of a session, out of those that the options name."""
    environ = {
        name: os.environ.get(options.variables + name.removeprefix("ENKASH_"), "")
        for name in ENVIRONMENT
    }
    return environ | {"ENKASH_BASE_URL": options.base_url or environ["ENKASH_BASE_URL"]}


def _function(name: str) -> Any:
    module, _, function = name.partition(":")
    try:
        return getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            f"the option auth must name a function as module:function that can be imported on the"
            f" driver and on each executor, not {name!r}: {error}"
        ) from error
