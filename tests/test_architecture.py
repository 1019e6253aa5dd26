"""Imports point one way, and one module knows aiohttp."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "enkash_async"

LAYERS = [
    {"records", "errors", "report", "_addressing", "_dates", "_salvage", "_splitting", "_sealed"},
    {"_quota", "_sizing", "_throttle"},
    {"filters", "retry", "events", "_pages", "_verdict", "_envelope", "_fast_lane", "_body"},
    {"resume", "_decoding", "_history", "_repair", "_cutting", "_query"},
    {"_plan", "_paging"},
    {"_crawling"},
    {"_limits", "_tasks", "_transport", "_log", "auth"},
    {"_telemetry"},
    {"_attempts", "_prefetch", "_sharding"},
    {"_fetching"},
    {"_stream"},
    {"arrow"},
    {"search"},
    {"customers"},
    {"session"},
    {"sandbox", "otel"},
    {"cli"},
]
CORE = set().union(*LAYERS[:6])
DOES_IO = {"aiohttp", "anyio", "asyncio", "socket", "sqlite3", "threading"}


def modules() -> dict[str, set[str]]:
    """Return what each module of the package imports, those for type checking left out."""
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        found.setdefault(name, set()).update(imports_of(ast.parse(path.read_text())))
    del found["__init__"]
    return found


def imports_of(tree: ast.Module) -> set[str]:
    hidden = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
    }
    names: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def own(imports: set[str]) -> set[str]:
    return {name.split(".")[1] for name in imports if name.startswith("enkash_async.")}


def test_every_module_has_its_layer() -> None:
    assert set(modules()) == set().union(*LAYERS)


def test_imports_point_to_lower_layers() -> None:
    for name, imports in modules().items():
        level = next(place for place, layer in enumerate(LAYERS) if name in layer)
        allowed = set().union(*LAYERS[:level]) | {name}
        assert own(imports) <= allowed, name


def test_the_core_does_no_io() -> None:
    for name, imports in modules().items():
        if name in CORE:
            assert not {module.split(".")[0] for module in imports} & DOES_IO, name


def test_one_module_talks_to_aiohttp() -> None:
    users = {name for name, imports in modules().items() if "aiohttp" in imports}
    # session.py names the class of a session that a caller may pass in.
    assert users - {"sandbox", "cli"} <= {"_transport", "session"}


@pytest.mark.parametrize(
    "module",
    [
        *("click", "tqdm", "sqlite3", "opentelemetry", "pyarrow"),
        *("enkash_async.sandbox", "enkash_async.otel", "enkash_async.arrow"),
    ],
)
def test_importing_the_package_does_not_import_extras(module: str) -> None:
    code = f"import enkash_async, sys; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
