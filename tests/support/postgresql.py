"""A PostgreSQL of our own on a socket of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, None where it is not installed."""
    of_debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    found = shutil.which("initdb")
    return of_debian[-1] if of_debian else Path(found).parent if found else None


@contextmanager
def running_postgresql(program: Path) -> Iterator[str]:
    """Run a server until the block is left; yield its dsn. Its programs refuse to run as root."""
    folder = Path(mkdtemp(prefix="enkash-pg-"))
    owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
    as_owner = owner if os.getuid() == 0 else []
    if as_owner:
        shutil.chown(folder, "postgres", "postgres")

    def run(name: str, *arguments: str) -> None:
        command = [*as_owner, str(program / name), "-D", f"{folder}/data", *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync")
    options = f"-c listen_addresses='' -k {folder} -F"
    run("pg_ctl", "-w", "-l", f"{folder}/log", "-o", options, "start")
    try:
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(folder)
