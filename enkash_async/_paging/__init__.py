"""Which page of a list comes next, do the pages fit together, and what may be relied on?

Knows rows, offsets, counts and the ids of rows; it is told how to read an id and a time. It must
never know a resource, a field's name, the wire, the event loop or a clock: no I/O, all of it can
be driven by a loop in a test. Begin with `planner`, what its users see, then `pager`, which puts
the parts together, and `acceptance`; `crawl/` does the same over windows of time.
"""
