"""Bytes of records, and decoded records, to Arrow record batches.

It knows pyarrow and the declaration of a record. It must never know a list of the service; what
callers import is `enkash_async.arrow`. Begin with `schema`, then `rows`, which lets pyarrow read
bytes; `columns` takes over from decoded records where pyarrow would read otherwise.
"""
