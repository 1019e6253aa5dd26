"""How often each oddity breaks each promise: what `BROKEN_TODAY` should say.

python -m tests.models.survey list|crawl PROMISE NUMBER [ODDITY ...] [+ODDITY ...]

Worlds with an ODDITY, or with "several & of them", are left out; +ODDITY is in each world. With
"known" those are left out that the properties leave out.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.models import crawled_world, listed_world, odd_crawls, odd_lists


def failures(
    subject: str, promise: str, number: int, broken: set[str], always: set[str]
) -> Iterator[tuple[int, frozenset[str], list[str]]]:
    """Walk over the worlds that break *promise*: seed, oddities and what is wrong."""
    for seed in range(number):
        chance = random.Random(seed)
        model: Any = odd_lists if subject == "list" else odd_crawls
        draw = odd_lists.draw_list if subject == "list" else odd_crawls.draw_crawl
        run: Any = listed_world.run if subject == "list" else crawled_world.run
        drawn: Any = draw(chance.choice, promise, broken, always)
        oddities = drawn.oddities
        try:
            found = list(model.faults(promise, run(drawn.world, seed)))
        except Exception as error:
            # Nothing but what a run says of itself may come out of it.
            found = [repr(error)]
        if found:
            yield seed, oddities, found


def main() -> None:
    subject, promise, number, *names = sys.argv[1:]
    always = {name[1:] for name in names if name.startswith("+")}
    broken = {name for name in names if not name.startswith("+")}
    if "known" in broken:
        broken |= (odd_lists.BROKEN_TODAY if subject == "list" else odd_crawls.BEYOND)[promise]
    alone: Counter[str] = Counter()
    total = 0
    for seed, oddities, found in failures(subject, promise, int(number), broken, always):
        total += 1
        alone.update(oddities)
        print(seed, " & ".join(sorted(oddities)), "|", "; ".join(found)[:200])
    print(total, "of", number, alone.most_common())


if __name__ == "__main__":
    main()
