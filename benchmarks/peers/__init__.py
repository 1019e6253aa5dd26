"""Who is measured. None of the peers is imported here: each row has a process of its own."""

from __future__ import annotations

from importlib.util import find_spec

import attrs

BASELINE = "bare"
SERVER = "server"
IDLE = "idle"
SDK = "sdk"


@attrs.frozen
class Peer:
    """A row: its *name* for `--only`, its *title* in tables, and what it does in one sentence.

    *reads* names the function that reads all customers. A *slow* row runs less often. A
    *sequential* one has a single request in flight.
    """

    name: str
    title: str
    what: str
    reads: str
    needs: tuple[str, ...] = ()
    slow: bool = attrs.field(default=False, kw_only=True)
    sequential: bool = attrs.field(default=False, kw_only=True)

    @property
    def read_target(self) -> str:
        """Return where the worker finds the function that reads all customers."""
        return f"benchmarks.peers.{self.reads}"

    @property
    def page_target(self) -> str:
        """Return where the worker finds the function that reads one page."""
        return f"benchmarks.peers.{self.reads.partition(':')[0]}:open_pages"

    def missing(self) -> str | None:
        """Say what this row lacks, None if it can run."""
        lacking = [module for module in self.needs if find_spec(module) is None]
        if lacking:
            return f"{', '.join(lacking)} is not installed: pip install 'enkash-async[bench]'"
        return None


PEERS: tuple[Peer, ...] = (
    Peer(
        SERVER,
        "server alone",
        "what the server can send: bytes received by 8 clients and thrown away",
        "raw_bytes:read",
    ),
    Peer(
        IDLE,
        "idle loop",
        "nothing is read: what this machine itself costs a neighbour",
        "idle:read",
    ),
    Peer(
        BASELINE,
        "aiohttp + msgspec structs",
        "the practical limit: 8 in flight, told the total beforehand, checks nothing",
        "bare:read",
    ),
    Peer(SDK, "enkash-async", "async for customer in search()", "sdk:records"),
    Peer("sdk-again", "enkash-async, second search", "of the same session", "sdk:again"),
    Peer("bare-kept", "aiohttp + msgspec structs, kept", "all in a list", "bare:keep"),
    Peer("sdk-kept", "enkash-async, kept", "all in a list", "sdk:keep"),
    Peer("sdk-pages", "enkash-async, pages()", "by the page", "sdk:pages"),
    Peer(
        "sdk-raw",
        "enkash-async, raw_pages() to a file",
        "undecoded records to a JSON Lines file, with every check but the decoding",
        "sdk:raw_to_json_lines",
    ),
    Peer(
        "sdk-arrow",
        "enkash-async, arrow_batches()",
        "Arrow record batches",
        "sdk:arrow",
        ("pyarrow",),
    ),
    Peer("sdk-crawl", "enkash-async, crawl()", "windows of createdOn", "sdk:crawl"),
    Peer("sdk-windows", "enkash-async, windows()", "four windows read at a time", "sdk:windows"),
    Peer(
        "gather",
        "aiohttp + json + cattrs, gather",
        "all pages at once after the first, all records in memory, checks nothing",
        "gather_cattrs:read",
        slow=True,
    ),
    Peer(
        "httpx",
        "httpx + pydantic",
        "page after page until a short one, checks nothing",
        "httpx_pydantic:read",
        ("httpx", "pydantic"),
        slow=True,
        sequential=True,
    ),
    Peer(
        "generated",
        "openapi-python-client",
        "a generated client (attrs on httpx), page after page, checks nothing",
        "generated:read",
        ("openapi_python_client", "httpx", "dateutil"),
        slow=True,
        sequential=True,
    ),
    Peer(
        "dlt",
        "dlt RESTClient",
        "OffsetPaginator in a thread, dicts, page after page, checks nothing",
        "dlt_rest:read",
        ("dlt",),
        slow=True,
        sequential=True,
    ),
)
ONLY_IN_OWN = frozenset({"sdk-again", "bare-kept", "sdk-kept"})
"""Rows of scenarios that are about them."""
READERS = tuple(peer for peer in PEERS if peer.name not in ONLY_IN_OWN)
BY_NAME = {peer.name: peer for peer in PEERS}
