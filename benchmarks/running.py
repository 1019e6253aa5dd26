"""Rows run in turn, each in a fresh process, against a server under a given load."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs
import msgspec

from benchmarks.jobs import Job
from benchmarks.peers import BASELINE, BY_NAME, SDK, Peer
from benchmarks.results import Measures, Result, Row
from benchmarks.server.records import Times
from benchmarks.server.service import Load
from benchmarks.serving import Server, open_server

Say = Callable[[str], None]


@attrs.frozen(kw_only=True)
class Options:
    """What the command line asks for."""

    quick: bool = False
    only: frozenset[str] = frozenset()
    rows: int | None = None
    repeat: int | None = None
    say: Say = print

    def rows_or(self, quick: int, full: int) -> int:
        """Return how many customers to read."""
        return self.rows or (quick if self.quick else full)

    def repeats(self, peer: Peer) -> int:
        """Return how often a row runs."""
        if self.repeat is not None:
            return self.repeat
        if self.quick:
            return 3 if peer.name in (BASELINE, SDK) else 1
        return 3 if peer.slow else 5

    def wants(self, name: str) -> bool:
        """Say whether a row was asked for."""
        return not self.only or name in self.only


class Bench:
    """Runs rows, and keeps what they need beside a server: a folder and the generated client."""

    def __init__(self, options: Options, folder: Path) -> None:
        self.options = options
        self._folder = folder
        self._client = ""

    def chosen(self, names: Sequence[str], result: Result) -> list[Peer]:
        """Return the peers that were asked for and can run; the others go into *result*."""
        wanted = [BY_NAME[name] for name in names if self.options.wants(name)]
        lacks = {peer.name: peer.missing() for peer in wanted}
        for name, lack in lacks.items():
            if lack is not None:
                result.skipped[name] = lack
                self.options.say(f"  {name}: skipped, {lack}")
        return [peer for peer in wanted if lacks[peer.name] is None]

    def measure(
        self,
        result: Result,
        peers: Sequence[Peer],
        server: Server,
        *,
        load: Load | None = None,
        page_size: int = 1000,
        watch: bool = False,
        calls: int = 0,
        burst: int = 0,
        warm_up: bool = False,
        most_repeats: int = 1000,
    ) -> None:
        """Run *peers* in turn, as often as asked for, and put what it took into *result*.

        With *warm_up* a first round does not count.
        """
        rows = {peer.name: Row(name=peer.name, title=peer.title, what=peer.what) for peer in peers}
        result.rows += rows.values()
        load = load or Load()
        repeats = {peer.name: min(most_repeats, self.options.repeats(peer)) for peer in peers}
        for number in range(-1 if warm_up else 0, max(repeats.values(), default=0)):
            for peer in peers:
                if number >= repeats[peer.name] or peer.name in result.failures:
                    continue
                job = self._job(peer, server, page_size, watch=watch, calls=calls, burst=burst)
                measures = self._run(peer, job, load, server, result)
                if measures is not None and number >= 0:
                    rows[peer.name].runs.append(measures)

    def _job(
        self, peer: Peer, server: Server, page_size: int, *, watch: bool, calls: int, burst: int
    ) -> Job:
        if peer.name == "generated" and not self._client:
            self._client = self._generate()
        return Job(
            target=peer.page_target if calls else peer.read_target,
            base_url=server.base_url,
            rows=server.rows,
            page_size=page_size,
            folder=str(self._folder),
            client=self._client,
            watch=watch,
            calls=calls,
            burst=burst,
        )

    def _generate(self) -> str:
        from benchmarks.peers.generated import generate

        return generate(self._folder)

    def _run(
        self, peer: Peer, job: Job, load: Load, server: Server, result: Result
    ) -> Measures | None:
        server.take_load(load)
        text = msgspec.json.encode(job).decode()
        process = subprocess.run(
            [sys.executable, "-m", "benchmarks.worker", text], capture_output=True, check=False
        )
        if process.returncode:
            reason = process.stderr.decode(errors="replace").strip().splitlines()
            result.failures[peer.name] = reason[-1] if reason else "ended without a word"
            self.options.say(f"  {peer.name}: FAILED, {result.failures[peer.name]}")
            return None
        measures: Measures = msgspec.json.decode(process.stdout, type=Measures)
        account = server.account()
        measures |= {
            "requests": account.requests,
            "rows_sent": account.rows_sent,
            "rows_skipped": account.rows_skipped,
            "rows_counted": account.rows_counted,
            "server_cpu_seconds": account.cpu_seconds,
            "pages_prepared_late": account.prepared,
        }
        if "seconds" in measures:
            measures["server_busy"] = account.cpu_seconds / measures["seconds"]
            shown = f"{measures['records_per_s']:,.0f} records/s"
        else:
            shown = f"{measures['p50_ms']:.2f} ms"
        self.options.say(f"  {peer.name}: {shown}")
        return measures


@contextmanager
def open_bench(options: Options) -> Generator[Bench, None, None]:
    """Lend a bench with a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="enkash-benchmarks-") as folder:
        yield Bench(options, Path(folder))


@contextmanager
def prepared_server(
    bench: Bench, rows: int, times: Times = "even"
) -> Generator[Server, None, None]:
    """Start a server of *rows* customers and say so, since making them takes a while."""
    bench.options.say(f"  making {rows:,} customers")
    with open_server(rows, times) as server:
        yield server
