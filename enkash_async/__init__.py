"""Asyncio SDK for EnKash Accounts Receivable customers."""

__version__ = "0.1.0"
