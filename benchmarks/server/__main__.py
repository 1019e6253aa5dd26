"""`python -m benchmarks.server ROWS SEED TIMES`: prints its address; ends with its input."""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import get_args

from benchmarks.server.connection import serve
from benchmarks.server.records import Times, made
from benchmarks.server.service import Service


async def main(rows: int, seed: int, times: Times) -> None:
    service = Service(made(rows, seed, times))
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        listener.setblocking(False)
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        serving = asyncio.create_task(serve(service, listener))
        # So that no server outlives the benchmark, however that ends.
        await asyncio.to_thread(sys.stdin.buffer.read)
        serving.cancel()
        await asyncio.wait([serving])


if __name__ == "__main__":
    given = sys.argv[3]
    [asked] = [times for times in get_args(Times) if times == given]
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), asked))
