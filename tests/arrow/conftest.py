"""The sandbox that the stream is read from."""

from tests.support.served import sandbox, served

__all__ = ["sandbox", "served"]
