"""How long to wait for each part of the work. No I/O."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Timeout:
    """How long to wait, in seconds, for each part of the work.

    *connect*: until a connection stands: the name, TCP, TLS and a proxy's answer together; of an
    aiohttp session of yours, waiting for a place in its pool as well. *read*: between two pieces of
    an answer. *attempt*: one request with its answer, connecting included; waiting for a free place
    among the session's requests does not count. *call*: a request with all its attempts and the
    waits between them. *progress*: until the page that comes next in a search has arrived. A search
    as a whole has no limit; put `asyncio.timeout` around it.
    """

    connect: float = attrs.field(default=5.0, validator=attrs.validators.gt(0))
    read: float = attrs.field(default=30.0, validator=attrs.validators.gt(0))
    attempt: float = attrs.field(default=60.0, validator=attrs.validators.gt(0))
    call: float = attrs.field(default=180.0, validator=attrs.validators.gt(0))
    progress: float = attrs.field(default=300.0, validator=attrs.validators.gt(0))
