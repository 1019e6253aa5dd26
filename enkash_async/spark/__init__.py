"""Customers as a data source of Spark: `spark.read.format("enkash").load()`.

Spark finds it without registering, by the package `pyspark_enkash`. pyspark (4.1 or newer) comes
with the platform; the extra `[spark]` brings only pyarrow. Begin with `source`; what is asked for
is read in `options`, who reads which windows is decided in `planning`, and rows come by `tasks`.
"""

try:
    import pyspark.sql.datasource as _  # noqa: F401  # pyright: ignore[reportMissingImports]
except ImportError as error:
    raise ImportError(
        "the source 'enkash' needs pyspark 4.1 or newer, which comes with Spark; on a machine"
        " without it, install it with pip install 'pyspark>=4.1'"
    ) from error

from enkash_async.spark.source import EnKashDataSource

__all__ = ["EnKashDataSource"]
