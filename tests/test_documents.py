"""What the pages for people name is there: links, files of this repository, modules, commands."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
    ROOT / "benchmarks" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
SUFFIXES = (".py", ".md", ".toml", ".png", "/")

INVENTED = {"customers.parquet/", "exporting.py", "script.toml"}
"""Files of a reader."""

LINK = re.compile(r"\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
SPAN = re.compile(r"`([^`]+)`")
PATH = re.compile(r"\.?\w[\w.-]*(/[\w.-]+)*/?")
MODULE = re.compile(r"python3? -m\s+([\w.]+)")


def sections() -> Iterator[object]:
    for page in PAGES:
        name = page.relative_to(ROOT).as_posix()
        for text in re.split(r"^## ", page.read_text(), flags=re.M):
            title = text.partition("\n")[0].lstrip("# ")
            yield pytest.param(page, text, id=f"{name}: {title}")


def code_of(text: str) -> Iterator[str]:
    """Walk over what is said to a shell, and what stands in backticks."""
    yield from (block for language, block in BLOCK.findall(text) if not language)
    yield from SPAN.findall(BLOCK.sub("", text))


def paths_in(code: str) -> Iterator[str]:
    """Walk over the words that look like files or folders of this repository."""
    for word in code.split():
        if not PATH.fullmatch(word) or word in INVENTED or word.startswith(".venv/"):
            continue
        if word.endswith(SUFFIXES) or (ROOT / word.partition("/")[0]).is_dir():
            yield word


def is_there(path: str, page: Path) -> bool:
    if "/" not in path and path.endswith(".py"):
        return any(ROOT.glob(f"enkash_async*/**/{path}"))
    return any((base / path).exists() for base in (ROOT, page.parent, ROOT / "enkash_async"))


@pytest.mark.parametrize(("page", "text"), [*sections()])
def test_links_files_and_modules_of_a_page_are_there(page: Path, text: str) -> None:
    links = {link.partition("#")[0] for link in LINK.findall(text) if "://" not in link}
    assert [link for link in sorted(links) if not (page.parent / link).exists()] == []

    paths = {path for code in code_of(text) for path in paths_in(code)}
    assert [path for path in sorted(paths) if not is_there(path, page)] == []

    modules = set(MODULE.findall(text))
    assert [module for module in sorted(modules) if not is_runnable(module)] == []


def is_runnable(module: str) -> bool:
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:
        return False
    if spec is not None and spec.submodule_search_locations is not None:
        spec = find_spec(f"{module}.__main__")
    return spec is not None


def test_commands_for_contributors_name_programs_that_are_installed() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    lines = [line for _, block in BLOCK.findall(text) for line in block.splitlines()]
    programs = {re.sub(r"^(\w+=\S+ )*", "", line).split()[0] for line in lines}

    assert programs
    for program in programs:
        folder, _, name = program.rpartition("/")
        assert folder == ".venv/bin"
        assert shutil.which(name, path=str(Path(sys.executable).parent)), program


def test_the_list_of_what_must_pass_names_tests_that_are_there() -> None:
    paths = re.findall(r"\btests/[\w./]+", (ROOT / ".ci" / "run").read_text())

    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


SOURCES = [
    *(ROOT / "tests" / "support" / f"{name}.py" for name in ("second_list", "second_table")),
    ROOT / "tests" / "support" / "any_list.py",
]
"""Where the snippets of docs/adding-a-list.md are taken from."""


def test_the_snippets_about_a_further_list_are_those_that_are_tested() -> None:
    page = (ROOT / "docs" / "adding-a-list.md").read_text()
    snippets = [block for language, block in BLOCK.findall(page) if language == "python"]
    sources = [path.read_text() for path in SOURCES]

    assert snippets
    for snippet in snippets:
        assert any(f"\n\n{snippet}" in source for source in sources), snippet
    # Each file gives at least one.
    for source in sources:
        assert any(snippet in source for snippet in snippets)


# What it would notice


@pytest.mark.parametrize(
    "text",
    [
        "[a page](docs/nowhere.md)",
        "![a picture](benchmarks/results/nowhere.png#there)",
        "`docs/nowhere.md`",
        "`enkash_async/nowhere/`, `examples/`",
        "`_nowhere.py`",
        "`python examples/nowhere.py --sandbox`",
        "```\n.venv/bin/pytest tests/nowhere/test_it.py\n```\n",
        "`python -m\nbenchmarks.nowhere`",
        "`python -m enkash_async._wire`",
    ],
)
def test_a_name_of_nothing_is_noticed(text: str) -> None:
    with pytest.raises(AssertionError):
        test_links_files_and_modules_of_a_page_are_there(ROOT / "README.md", text)


@pytest.mark.parametrize(
    "text",
    [
        "[a site](https://example.com/nowhere.md), [above](#there)",
        "`application/json`, `http://`, `/api/v0/customer/search`, `0.5/s`, and/or nowhere.py",
        "```python\npath = 'tests/nowhere.py'\n```\n",
        "`exporting.py` of a reader",
        "`session.py`, `_paging/`, `cli/`, `python -m benchmarks`",
    ],
)
def test_what_names_no_file_of_ours_is_left_alone(text: str) -> None:
    test_links_files_and_modules_of_a_page_are_there(ROOT / "README.md", text)
