"""What is public: the names in the `__all__` of the modules without an underscore."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import typing
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "enkash_async"

WITHOUT = {"enkash_async.cli"}
"""A command: its options are public, and no name in Python."""

NEEDS_A_PLATFORM = {"enkash_async.spark"}
"""Cannot be imported where the tests run."""


def names_in(path: Path) -> list[str] | None:
    """Return the `__all__` of a module, as it is written."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return names
    return None


def declared() -> Iterator[tuple[str, list[str] | None]]:
    """Walk over the modules without an underscore, and the names that each says are public."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        if not any(part.startswith("_") for part in parts):
            yield ".".join(parts), names_in(path)


PUBLIC = {module: names for module, names in declared() if names is not None}
IMPORTED: dict[str, ModuleType] = {
    module: importlib.import_module(module) for module in PUBLIC if module not in NEEDS_A_PLATFORM
}


def test_whatever_stands_on_top_says_which_of_its_names_are_public() -> None:
    silent = {module for module, names in declared() if names is None and module.count(".") == 1}
    assert silent == WITHOUT


@pytest.mark.parametrize("module", IMPORTED)
def test_public_names_are_there_and_say_what_they_are(module: str) -> None:
    for name in PUBLIC[module]:
        value = getattr(IMPORTED[module], name)
        assert not name.startswith("_") or name == "__version__"
        if inspect.isclass(value) or inspect.isfunction(value):
            assert inspect.getdoc(value), name


# What callers are shown


BLOCK = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)


def sources() -> Iterator[object]:
    for path in (*ROOT.glob("examples/*.py"), *ROOT.glob("tests/typing_*.py")):
        yield pytest.param(path.read_text(), id=path.name)
    for path in (ROOT / "README.md", *ROOT.glob("docs/**/*.md")):
        # It says how to change the package, not how to use it.
        if path.name != "adding-a-list.md":
            for number, block in enumerate(BLOCK.findall(path.read_text())):
                yield pytest.param(block, id=f"{path.name}-{number}")


@pytest.mark.parametrize("source", [*sources()])
def test_examples_pages_and_types_use_public_names_only(source: str) -> None:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("enkash_async."):
            modules = {
                alias.name for alias in node.names if f"{node.module}.{alias.name}" in PUBLIC
            }
            names = {alias.name for alias in node.names} - modules
            assert names <= {*PUBLIC.get(str(node.module), [])}, node.module


# What callers write down


STAND_FOR_OTHERS = {
    # Classes of pyarrow.
    *("RecordBatch", "Schema", "Table"),
    # An int and a datetime.
    *("Count", "Instant"),
    # What `Customers` is, as far as an export reads it.
    "ListResource",
}


@cache
def of_ours(module: str) -> set[str]:
    """Return the names that a module defines, or takes from another of the package."""
    found = importlib.import_module(module)
    names = set[str]()
    for node in ast.walk(ast.parse(inspect.getsource(found))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("enkash_async"):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {ast.unparse(target) for target in node.targets}
    return {name for name in names if not isinstance(vars(found).get(name), TYPE_VARIABLES)}


SPOKEN = {
    *("__init__", "__iter__", "__next__", "__aiter__", "__anext__", "__await__", "__getitem__"),
}

MADE_BY_US = {"Customers", "CustomerSearch", "Page"}
"""Of these, callers are given instances; how they are made is no promise."""

INNER = {"endpoint", "search_class"}
"""How a list is declared."""

TYPE_VARIABLES = (typing.TypeVar, typing.ParamSpec)


def annotations_of(place: str, value: Any) -> Iterator[tuple[str, str, str]]:
    """Walk over the types in what callers see of *value*: where, written in which module, how."""
    if isinstance(value, property):
        value = value.fget
    value = inspect.unwrap(getattr(value, "__func__", value))
    if inspect.isfunction(value):
        for annotation in value.__annotations__.values():
            yield place, value.__module__, written(annotation)
    elif inspect.isclass(value):
        shown = {name for name in dir(value) if not name.startswith("_") or name in SPOKEN}
        shown -= INNER | ({"__init__"} if value.__name__ in MADE_BY_US else set())
        for kind in value.__mro__:
            if kind.__module__.startswith("enkash_async"):
                yield from annotations_inside(place, kind, shown)
                shown -= vars(kind).keys()


def annotations_inside(place: str, kind: type, shown: set[str]) -> Iterator[tuple[str, str, str]]:
    for name, annotation in vars(kind).get("__annotations__", {}).items():
        if name in shown:
            yield f"{place}.{name}", kind.__module__, written(annotation)
    for name, value in vars(kind).items():
        if name in shown and not inspect.isclass(value):
            yield from annotations_of(f"{place}.{name}", value)


def written(annotation: Any) -> str:
    """Return an annotation as its module writes it."""
    found: str = getattr(annotation, "__forward_arg__", None) or str(annotation)
    return annotation.__name__ if inspect.isclass(annotation) else found


# A sandbox is told numbers and texts.
@pytest.mark.parametrize("module", [name for name in IMPORTED if ".sandbox" not in name])
def test_every_type_that_a_public_name_speaks_of_is_public(module: str) -> None:
    known = {name for names in PUBLIC.values() for name in names} | STAND_FOR_OTHERS
    unknown = set[tuple[str, str, str]]()
    for name in PUBLIC[module]:
        for place, writer, text in annotations_of(name, getattr(IMPORTED[module], name)):
            words = set(re.findall(r"\b[A-Za-z_]\w*\b", text))
            unknown |= {(place, word, text) for word in words & of_ours(writer) - known}
    assert unknown == set()
