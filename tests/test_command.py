"""What `enkash-async` answers before it imports anything, and what it hands on."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from enkash_async import __version__

ROOT = Path(__file__).parent.parent

WITHOUT = """
import sys
sys.modules.update(dict.fromkeys({missing!r}))
sys.argv = {argv!r}
from enkash_async_command import main
status = main()
print(sorted({{"aiohttp", "click", "enkash_async"}} & set(sys.modules) - {{*{missing!r}}}))
sys.exit(status)
"""


def run_without(missing: list[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in an interpreter where the modules *missing* cannot be imported."""
    code = WITHOUT.format(missing=missing, argv=["enkash-async", *arguments])
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


def test_the_version_costs_no_import_of_the_sdk() -> None:
    ran = run_without([], "--version")
    assert (ran.stdout, ran.returncode) == (f"enkash-async, version {__version__}\n[]\n", 0)


def test_the_sandbox_needs_no_click() -> None:
    ran = run_without(["click", "tqdm"], "sandbox", "--list-faults")
    assert ran.stdout.startswith("latency: The answer comes later.")
    assert ran.returncode == 0

    ran = run_without(["click", "tqdm"], "sandbox", "--nowhere")
    assert "enkash-async sandbox: error: unrecognized arguments: --nowhere" in ran.stderr
    assert ran.returncode == 2


def test_all_else_says_what_it_needs() -> None:
    ran = run_without(["click"], "customers", "count", "--sandbox")
    assert "pip install 'enkash-async[cli]'" in ran.stderr
    assert ran.returncode == 2


@pytest.mark.parametrize("module", ["enkash_async", "enkash_async.cli"])
def test_the_module_is_the_command(module: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", module, "customers", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "export" in ran.stdout
    assert ran.returncode == 0


def test_the_program_that_is_installed_is_this_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"enkash-async": "enkash_async_command:main"}
