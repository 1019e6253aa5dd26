"""A server fast enough not to be what is measured. It runs in a process of its own.

Records are made and encoded before it answers; a page is a slice of one buffer between two
prepared ends, so that its size costs the server no more than the copy into the socket. The row
"server alone" measures what remains, and every result holds the server's own CPU time.
"""
