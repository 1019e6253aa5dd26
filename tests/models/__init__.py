"""Models of the service without sockets or clocks, each with the worlds that a test draws for it.

They state what may happen to a list while it is read, and what must then be true; the pure code
under test is driven by them over thousands of worlds. They import nothing that does I/O.
"""
