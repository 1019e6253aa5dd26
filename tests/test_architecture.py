"""Imports point one way, by package, and few packages know the event loop or the network."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "enkash_async"

LAYERS = [
    {"_advice", "_html", "_patterns"},
    {"errors"},
    {"_arguments", "_clock", "_frames", "_tasks", "_version", "report", "resume"},
    {"timeout"},
    {"_paging", "_wire", "retry", "events"},
    {"_decoding", "auth"},
    {"_telemetry"},
    {"_http"},
    {"_search"},
    {"customers", "export"},
    {"arrow"},
    {"_session"},
    {"session"},
    {"__init__"},
    {"blocking", "cli", "otel", "spark"},
    {"__main__"},
]
"""The lowest first. A package imports from the layers below its own."""

APART = {"sandbox"}
"""Imports nothing of the rest, so that it shares no misunderstanding with the client."""

MAY_IMPORT_THE_SANDBOX = {"cli"}

INSIDE = {
    "cli": [
        {"advice", "times", "words"},
        {"running"},
        {"filter_file", "gathering", "grouping", "progress"},
        {"completion", "connection", "options"},
        {"explain", "export", "lookup"},
        {"commands"},
        {"__init__"},
        {"__main__"},
    ],
    "export": [
        {"arguments", "bad", "columns", "division", "files", "forms", "threads"},
        {"packing", "result", "state", "streams", "text"},
        {"bad_file", "content", "request"},
        {"output"},
        {"folder"},
        {"destination", "exporter", "parquet"},
        {"making"},
        {"run"},
        {"__init__"},
    ],
    "spark": [
        {"options", "pushing", "schema"},
        {"sessions"},
        {"planning"},
        {"tasks"},
        {"source"},
        {"__init__"},
    ],
    "sandbox": [
        {"account", "keywords", "knobs"},
        {"faults"},
        {"settings"},
        {"data"},
        {"service"},
        {"command", "threaded"},
        {"__init__", "__main__"},
    ],
    "sandbox.faults": [
        {"holds", "targets"},
        {"exchange"},
        {"kind"},
        {"bodies", "breaking", "changes", "oddities", "pages", "timing"},
        {"answers"},
        {"kinds"},
        {"fault"},
        {"toml"},
        {"script"},
        {"injector"},
        {"injection"},
        {"__init__"},
    ],
    "sandbox.data": [
        {"dates", "draws"},
        {"conditions"},
        {"table"},
        {"filters", "order", "rows", "seeding"},
        {"given"},
        {"placement", "store"},
        {"served_list"},
        {"customers"},
        {"__init__"},
    ],
    "sandbox.data.customers": [
        {"shapes", "words"},
        {"firms"},
        {"nested"},
        {"maker"},
        {"table"},
        {"__init__"},
    ],
    "sandbox.service": [
        {"certificate", "envelope", "paging", "tokens", "welcome"},
        {"calls", "replies"},
        {"sandbox"},
        {"login", "search"},
        {"opening"},
        {"__init__"},
    ],
}
"""The layers of a package's own parts, the lowest first; here imports for types count as well."""

KNOWS_CUSTOMERS = {
    "sandbox.data.customers",
    "sandbox.service.opening",
    "sandbox.service.sandbox",
    "sandbox.service.welcome",
}
"""What of the sandbox names one of its lists. All else serves any."""

KNOWS_NO_LIST = {"export", "_decoding", "_http", "_paging", "_search", "_telemetry", "_wire"}
"""Reads any list: what it must know of one it is handed."""

NAMES_OF_A_LIST = re.compile(r"customer|created_?on", re.I)

DOES_IO = {"aiohttp", "anyio", "asyncio", "select", "socket", "sqlite3", "ssl", "threading"}

MAY_DO_IO = {
    "_decoding.arrow.lane": {"anyio", "asyncio"},
    # A thread with a loop of its own, for tools that have none.
    "arrow.reading": {"asyncio", "threading"},
    "_http": {"aiohttp", "anyio", "asyncio"},
    "_http.pool": {"aiohttp", "asyncio", "select", "ssl"},
    "_http.resolver": {"aiohttp", "asyncio", "socket", "threading"},
    "_search": {"anyio", "asyncio"},
    "_clock": {"asyncio"},
    # The portal is anyio's: an event loop in a thread.
    "blocking": {"anyio", "threading"},
    "_tasks": {"anyio", "asyncio"},
    "_telemetry": {"asyncio"},
    "export": {"asyncio"},
    "export.streams": {"select"},
    "export.threads": {"asyncio", "threading"},
    "cli": {"asyncio", "threading"},
    # A context and an aiohttp session are what a caller may pass in.
    "_http.network": {"aiohttp", "ssl"},
    "_session": {"aiohttp", "asyncio", "ssl"},
    "session": {"aiohttp", "ssl"},
    "sandbox": {"aiohttp", "anyio", "asyncio", "socket", "sqlite3", "ssl", "threading"},
    # Spark calls where no loop runs.
    "spark.planning": {"asyncio"},
}
"""What does I/O, or waits, or starts threads. All else is a core without I/O."""


def modules(*, with_types: bool = False) -> Iterator[tuple[str, set[str]]]:
    """Walk over the modules of the package and what each imports.

    What is imported for type checking alone counts *with_types* only.
    """
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        yield name, imports_in(path, with_types)


@cache
def imports_in(path: Path, with_types: bool) -> set[str]:
    return imports_of(ast.parse(path.read_text()), with_types=with_types)


def imports_of(tree: ast.Module, *, with_types: bool) -> set[str]:
    hidden = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        if not with_types
        for node in ast.walk(block)
    }
    names: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {node.module} | {name for name in submodules if is_module(name)}
    return names


def is_module(name: str) -> bool:
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def package_of(name: str) -> str:
    return name.split(".")[0]


def own(imports: set[str]) -> set[str]:
    """Return the packages of the project that *imports* name."""
    names = {name for name in imports if f"{name}.".startswith("enkash_async.")}
    return {name.split(".")[1] if "." in name else "__init__" for name in names}


def level_of(package: str, layers: list[set[str]]) -> int:
    [level] = [place for place, layer in enumerate(layers) if package in layer]
    return level


def test_every_package_has_its_layer() -> None:
    packages = {package_of(name) for name, _ in modules()}

    assert packages == set().union(*LAYERS, APART)


def test_the_page_about_the_architecture_names_what_stands_on_top() -> None:
    page = (PACKAGE.parent / "docs" / "architecture.md").read_text()
    named = set(re.findall(r"\w+", page))
    assert {package_of(name) for name, _ in modules()} - {"__init__", "__main__"} <= named


def test_imports_point_to_lower_layers() -> None:
    against = set[tuple[str, str]]()
    for name, imports in modules():
        package = package_of(name)
        if package in APART:
            continue
        for other in own(imports) - {package}:
            if other in APART:
                if package not in MAY_IMPORT_THE_SANDBOX:
                    against.add((name, other))
            elif level_of(other, LAYERS) >= level_of(package, LAYERS):
                against.add((name, other))

    assert against == set()


def test_the_sandbox_shares_no_code_with_the_client() -> None:
    for name, imports in modules():
        if package_of(name) in APART:
            assert own(imports) <= APART, name


@pytest.mark.parametrize("package", INSIDE)
def test_imports_inside_a_package_point_to_lower_layers(package: str) -> None:
    layers, seen = INSIDE[package], set[str]()
    for name, imports in modules(with_types=True):
        if not name.startswith(f"{package}."):
            continue
        [part] = parts_of(package, {f"enkash_async.{name}"})
        seen.add(part)
        for other in parts_of(package, imports) - {part}:
            assert level_of(other, layers) < level_of(part, layers), (name, other)

    assert seen == set().union(*layers)


def parts_of(package: str, imports: set[str]) -> set[str]:
    """Return what stands directly in *package* and is imported, or holds something imported."""
    prefix = f"enkash_async.{package}."
    return {name.removeprefix(prefix).split(".")[0] for name in imports if name.startswith(prefix)}


def test_the_sandbox_serves_lists_without_knowing_them() -> None:
    for name, imports in modules(with_types=True):
        if name.startswith(("sandbox.data", "sandbox.service", "sandbox.faults")):
            knows = "customers" in parts_of("sandbox.data", imports)
            assert not knows or name.startswith(tuple(KNOWS_CUSTOMERS)), name


def test_what_reads_any_list_names_none() -> None:
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        if package_of(name) in KNOWS_NO_LIST:
            named = [*filter(NAMES_OF_A_LIST.search, words_of(ast.parse(path.read_text())))]
            assert named == [], name


def words_of(tree: ast.Module) -> Iterator[str]:
    """Walk over identifiers and texts; what stands in docstrings and comments are examples."""
    docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if node in docstrings:
            continue
        for word in vars(node).values():
            if isinstance(word, str | bytes):
                yield word if isinstance(word, str) else word.decode("latin-1")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def customers(): ...", ["customers"]),
        ("def f(created_on): ...", ["created_on"]),
        ("f(customer_id=row.createdOn)", ["customer_id", "createdOn"]),
        (
            "from enkash_async.customers import Customer as C",
            ["enkash_async.customers", "Customer"],
        ),
        ("raise ValueError(f'{n} customers came')", [" customers came"]),
        ("read(b'createdOn')", ["createdOn"]),
        ("class Page:\n    'Of customers.'\n    rows: int\n    'Not only customers.'", []),
        ("# As for customers.\nrows = records", []),
    ],
)
def test_where_the_name_of_a_list_is_noticed(code: str, words: list[str]) -> None:
    assert [word for word in words_of(ast.parse(code)) if NAMES_OF_A_LIST.search(word)] == words


def test_no_message_says_behind_where_after_is_meant() -> None:
    # A row is behind the place of reading if it comes before it.
    for path in sorted(PACKAGE.rglob("*.py")):
        texts = words_of(ast.parse(path.read_text()))
        assert [text for text in texts if re.search(r" behind\b", text)] == [], path


def test_few_packages_know_the_event_loop_or_the_network() -> None:
    for name, imports in modules():
        used = {module.split(".")[0] for module in imports} & DOES_IO
        allowed = MAY_DO_IO.get(name, set()) | MAY_DO_IO.get(package_of(name), set())
        assert used <= allowed, name


def test_paging_knows_errors_reports_and_tokens_only() -> None:
    for name, imports in modules():
        if package_of(name) == "_paging":
            assert own(imports) <= {"_paging", "errors", "report", "resume"}, name


def test_telemetry_is_told_and_does_not_ask() -> None:
    for name, imports in modules():
        if package_of(name) == "_telemetry":
            assert own(imports) <= {
                "_telemetry",
                "_clock",
                "_patterns",
                "errors",
                "events",
                "report",
            }, name


@pytest.mark.parametrize(
    "module",
    [
        *("click", "tqdm", "sqlite3", "opentelemetry", "pyarrow", "pyspark", "zstandard"),
        *("enkash_async.sandbox", "enkash_async.otel", "enkash_async.arrow"),
        "enkash_async.export",
        "enkash_async.blocking",
        "enkash_async._paging.crawl.crawl",
        "enkash_async._search.partitions",
        "difflib",
        "html",
    ],
)
def test_importing_the_package_does_not_import_extras(module: str) -> None:
    assert module not in imported_with_the_package()


@cache
def imported_with_the_package() -> set[str]:
    code = "import enkash_async, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


READS_A_LIST = """
import asyncio, sys
from enkash_async import BearerToken, EnKashSession

ANSWER = b'{"payload": {"data": [{"customerId": "A"}, {"customerId": "B"}], "recordsCount": 3}}'

async def answer(reader, writer):
    while await reader.readline():
        await reader.readuntil(b"\\r\\n\\r\\n")
        await reader.readexactly(2)
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(ANSWER) + ANSWER)

async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    before = set(sys.modules)
    async with EnKashSession(f"http://127.0.0.1:{port}", BearerToken("token")) as session:
        async for customer in session.customers.search(max_records=2):
            assert customer.customer_id
    print(*set(sys.modules) - before)

asyncio.run(main())
"""


def test_reading_a_list_imports_nothing_that_would_hold_up_the_first_page() -> None:
    command = [sys.executable, "-c", READS_A_LIST]
    done = subprocess.run(command, check=True, capture_output=True, text=True)

    assert done.stdout.split() == []


def test_all_measure_time_by_the_clock_of_the_loop() -> None:
    """By another one, a wait may never be over: see `_clock`."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE)
        if name.parts[0] not in ("_clock.py", "cli", "sandbox"):
            assert "monotonic" not in path.read_text(), name
