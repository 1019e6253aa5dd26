"""The paging knows nothing but rows: what it may import."""

from __future__ import annotations

import ast
import sys
from graphlib import TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "enkash_async" / "_paging"
OWN = "enkash_async._paging"
ALLOWED = {"attrs", "msgspec", "enkash_async.errors", "enkash_async.report", "enkash_async.resume"}
WAITS = {"asyncio", "threading", "time", "socket", "select", "ssl", "subprocess", "random"}


def imports() -> dict[str, set[str]]:
    """Return what each module of the package imports."""
    found: dict[str, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        nodes = ast.walk(ast.parse(path.read_text()))
        found[f"{OWN}.{name}"] = {
            module
            for node in nodes
            if isinstance(node, ast.Import | ast.ImportFrom)
            for module in (
                [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else [alias.name for alias in node.names]
            )
        }
    return found


def test_it_imports_errors_reports_tokens_and_what_does_no_io() -> None:
    for name, modules in imports().items():
        foreign = {module for module in modules if not module.startswith(OWN)} - ALLOWED
        assert {module.split(".")[0] for module in foreign} <= sys.stdlib_module_names - WAITS, name


def test_no_module_of_it_needs_itself() -> None:
    graph = {name: {m for m in modules if m.startswith(OWN)} for name, modules in imports().items()}

    assert set(TopologicalSorter(graph).static_order()) == set(graph)
