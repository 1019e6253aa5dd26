"""The lists that a sandbox serves: what a list is, how its rows are invented, kept and found.

A `Table` says all of it as data, so that nothing here but `customers/` knows what a row stands for.
This package must never know HTTP, the envelope of an answer, or a fault.
Begin with `table.py`, then `customers/table.py`, an example of one; `served_list.py` is what the
service reads and changes.
"""
