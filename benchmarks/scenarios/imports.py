"""What does `import enkash_async` cost beyond its dependencies?"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

import msgspec

from benchmarks.results import Measures, Result, Row
from benchmarks.running import Bench

DEPENDENCIES = ("aiohttp", "attrs", "msgspec")
"""What is needed at once; anyio and cattrs are imported by whom they are used."""
HEAVY = frozenset(
    {
        *("click", "dlt", "hypothesis", "httpx", "matplotlib", "numpy", "opentelemetry"),
        *("pandas", "pyarrow", "pydantic", "pygments", "pytest", "requests", "rich", "sqlite3"),
        *("tenacity", "tqdm", "trio", "unittest", "uvloop", "xml"),
    }
)

_PROGRAM = """
import sys, time
before, cpu = time.perf_counter(), time.process_time()
import {modules}
seconds, cpu = time.perf_counter() - before, time.process_time() - cpu
import json
print(json.dumps([seconds, cpu, sorted(sys.modules)]))
"""


def run(bench: Bench) -> Result:
    """Import in fresh processes, the SDK and its dependencies in turn."""
    result = Result(
        name="import",
        question="import enkash_async: how much more than importing its dependencies?",
        baseline="dependencies",
        columns=("import_ms", "import_cpu_ms"),
    )
    own = Row(name=_OWN, title="import enkash_async", what="")
    dependencies = Row(
        name="dependencies", title=f"import {', '.join(DEPENDENCIES)}", what="the same without us"
    )
    result.rows = [dependencies, own]
    with tempfile.TemporaryDirectory() as bytecode:
        for _ in range(bench.options.repeat or (7 if bench.options.quick else 25)):
            measures, needed = _import(bytecode, *DEPENDENCIES)
            dependencies.runs.append(measures)
            measures, loaded = _import(bytecode, _OWN)
            own.runs.append(measures)
    for row in result.rows:
        row.runs = [{name: min(run[name] for run in row.runs) for name in row.measures()}]
        bench.options.say(f"  {row.name}: {row.value('import_ms'):.1f} ms")
    more = {name.partition(".")[0] for name in loaded - needed} - {_OWN}
    heavy = {name.partition(".")[0] for name in loaded} & HEAVY
    result.notes += [
        "the best of all runs, in turn, each in a fresh process",
        f"heavy modules loaded: {', '.join(sorted(heavy)) or 'none'}",
        f"other modules beyond the dependencies: {', '.join(sorted(more)) or 'none'}",
    ]
    return result


_OWN = "enkash_async"


def _import(bytecode: str, *modules: str) -> tuple[Measures, set[str]]:
    """Return what an import took with its *bytecode* kept, and all modules loaded after it."""
    program = _PROGRAM.format(modules=", ".join(modules))
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    printed = subprocess.run(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        check=True,
        env=kept | {"PYTHONPYCACHEPREFIX": bytecode},
    ).stdout
    seconds, cpu, names = msgspec.json.decode(printed, type=tuple[float, float, list[str]])
    return {"import_ms": seconds * 1e3, "import_cpu_ms": cpu * 1e3}, set(names)
