"""Reads all customers into a file, as a job that may be killed at any moment.

Each line holds what one page handed over and where to go on after it. A line that was cut off is
dropped, and reading goes on after the last whole one.
"""

import asyncio
import sys
from pathlib import Path

import msgspec

from enkash_async import EnKashSession

Line = tuple[list[str], str]


def lines_of(path: Path) -> list[Line]:
    """Return the whole lines of the file, and cut off what stands after them."""
    whole = path.read_bytes().rpartition(b"\n")[0] if path.exists() else b""
    lines = [msgspec.json.decode(line, type=Line) for line in whole.splitlines()]
    path.write_bytes(whole + b"\n" if whole else b"")
    return lines


async def read(path: Path, by: str) -> None:
    lines = lines_of(path)
    async with EnKashSession.from_env(page_size=20) as session:
        customers = session.customers
        start = customers.crawl if by == "crawl" else customers.search
        search = start(resume=lines[-1][1] if lines else None)
        with path.open("ab", buffering=0) as file:
            async for page in search.pages():
                ids = [customer.customer_id for customer in page]
                file.write(msgspec.json.encode((ids, str(search.resume_token))) + b"\n")


if __name__ == "__main__":
    asyncio.run(read(Path(sys.argv[1]), sys.argv[2]))
