"""What stands behind a session: its options, checked, and what all its views share.

It knows how the parts of the package are put together for one session. It must never know a list of
the service. Begin with `options`, then `core`.
"""
