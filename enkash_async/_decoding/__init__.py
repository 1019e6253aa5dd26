"""Bytes to records or Arrow record batches, records to dicts and JSON. No I/O but for a thread.

It knows how an attrs class declares a record, and the notations of values on the wire. It must
never know a list of the service, a search, or how the bytes came here. Begin with `decoder`, which
says which lane reads a record, then `declaration`, from which all lanes are derived.
"""
