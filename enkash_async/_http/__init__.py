"""One request with its attempts.

Knows: aiohttp (nothing else does), connections, tokens, timeouts, retries, and how much the service
can take.
Must never know: a list, a page or a search. What is asked for comes as an `Operation` and a
`Ticket`, and what an answer means is told by the function that reads it.
Begin with `call`; `failures` decides, `transport` sends over a `pool`, `limiter` and `throttle`
hold back.
"""
