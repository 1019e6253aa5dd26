"""What becomes of an open session in a process that is forked from the one that opened it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from tests.support.forked import ROWS

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no process is forked here")

FORKED = (
    "RuntimeError: the session was opened in the process that this one was forked from, and two"
    " processes cannot share its connections; open it again here, or open it only after the fork"
)


@cache
def met() -> dict[str, Any]:
    # From Python 3.12 on to fork where threads run is a warning, which is the point here.
    command = [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-m"]
    done = subprocess.run([*command, "tests.support.forked"], capture_output=True, check=True)
    assert not done.stderr
    outcomes: dict[str, Any] = json.loads(done.stdout)
    return outcomes


@pytest.mark.parametrize(
    ("what", "outcome"),
    [
        ("blocking count", FORKED),
        ("blocking read", FORKED),
        ("blocking close", " closed"),
        ("blocking open_again", ROWS),
        ("blocking drop", "dropped"),
        ("blocking leave", "left"),
        ("blocking parent", [ROWS, ROWS]),
        ("async count", FORKED),
        ("async count in the same loop", FORKED),
        ("async close", " closed"),
        ("async open_again", ROWS),
        ("async parent", ROWS),
    ],
)
def test_nothing_hangs_and_the_parent_goes_on(what: str, outcome: object) -> None:
    assert met()[what] == outcome
