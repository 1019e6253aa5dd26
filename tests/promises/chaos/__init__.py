"""Random faults, cancellations and settings: is every customer accounted for, whatever happens?

`python -m tests.promises.chaos --help` says how to run it.
"""
