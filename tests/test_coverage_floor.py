"""A whole run that covers too little fails, and a run of a part does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pytest_cov", reason="the floor is held by pytest-cov")

FILES = {
    "pyproject.toml": """
        [tool.pytest.ini_options]
        testpaths = ["tests"]
        addopts = "-p no:cacheprovider -p pytest_cov -p xdist.plugin --cov"
        [tool.coverage.run]
        source = ["half_tested"]
        [tool.coverage.report]
        fail_under = 90
    """,
    "half_tested.py": "def tested():\n    return 1\n\n\ndef untested():\n    return 2\n",
    "tests/conftest.py": (Path(__file__).parent / "conftest.py").read_text(),
    "tests/test_half.py": "import half_tested\n\n\ndef test_it():\n    half_tested.tested()\n",
    "tests/test_other.py": "def test_nothing():\n    pass\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of its own with the hooks of this one, and too few tests."""
    (tmp_path / "tests").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ("", 1),
        ("-n 2", 1),
        ("-n 2 tests/test_half.py", 0),
        ("-k it", 0),
        ("--deselect tests/test_other.py", 0),
    ],
)
def test_the_floor_is_that_of_a_whole_run(project: Path, arguments: str, status: int) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments.split()],
        cwd=project,
        # No plugins but those two, for speed.
        env={**os.environ, "PYTHONPATH": str(project), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == status, ran.stdout + ran.stderr
    assert ("Coverage failure" in ran.stdout) is bool(status)
