"""What happens in a session, told to hooks and to the log.

It knows the events, who listens, and what may be said of an error. It is told; it does not ask.
It must never know an answer, a token, a query or a record, so that it cannot give one away.
Begin with `telemetry`, then `search_watch` (one search) and `call_watch` (one request); `listeners`
and `log` have a line for each kind of event.
"""
