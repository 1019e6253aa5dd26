"""The audit of what is installed: it fails for what is named, and says where nothing is known."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

AUDIT = Path(__file__).parent.parent / ".ci" / "audit"

GOOD = {"name": "aiohttp", "version": "3.14.3", "vulns": []}
BAD = {"name": "aiohttp", "version": "3.14.0", "vulns": [{"id": "GHSA-x"}, {"id": "GHSA-y"}]}
UNKNOWN = {"name": "here-only", "skip_reason": "not found"}


def written(*found: object) -> str:
    return json.dumps({"dependencies": found, "fixes": []})


@pytest.mark.skipif(not AUDIT.exists(), reason="a release holds no scripts of CI")
@pytest.mark.parametrize(
    ("out", "status", "said"),
    [
        (written(GOOD), 0, "audited: 1 of 1 packages"),
        (
            written(GOOD, BAD, UNKNOWN),
            1,
            "aiohttp 3.14.0: GHSA-x\naiohttp 3.14.0: GHSA-y\naudited: 2 of 3 packages",
        ),
        (written(UNKNOWN), 0, "not audited: the advisory service knows none of 1 packages"),
        ("", 0, "not audited: the advisory service gave no answer: no route to host"),
        ("[]", 0, "not audited: the advisory service gave no answer: no route to host"),
    ],
)
def test_only_what_the_service_names_fails(out: str, status: int, said: str) -> None:
    script = f"import sys; print({out!r}); print('no route to host', file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, AUDIT, sys.executable, "-c", script], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (status, said, "")
