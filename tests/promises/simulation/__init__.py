"""The whole client on a virtual clock and a service in memory, with all choices from one seed.

`python -m tests.promises.simulation --help` says how to run it. Begin reading in `running`.
"""
