"""The running server: HTTP operations over the lists of `data/`, with the faults of a script.

It knows routes, tokens, paging and the envelope, as the settings have the service behave.
It must never know what a record of a list holds; only the handle, the front page and the opening
name the customers.
Begin with `opening.py`, then `search.py`, which follows one search from its request to its answer.
"""
