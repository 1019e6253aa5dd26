"""Random faults, cancellations and settings: is every customer accounted for, whatever happens?

`python -m benchmarks.chaos --help` says how to run it.
"""
