"""What the SDK costs, side by side with how else the same customers could be read.

`python -m benchmarks --help` says how to run it.
"""
