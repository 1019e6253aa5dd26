"""Where Spark finds the source `enkash` by itself: it looks into packages named `pyspark_…`.

What it is, is in `enkash_async.spark`.
"""

from enkash_async.spark import EnKashDataSource as DefaultSource

__all__ = ["DefaultSource"]
