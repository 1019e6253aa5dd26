"""Requests and answers as they stand on the wire. No I/O.

Knows: JSON, the envelope around every answer, which error an answer stands for, how the service
writes times, and how secrets are kept out of texts and errors.
Must never know: a list, a page's place in it, an attempt, the event loop or the network.
Begin with `response`, then `page`: how an answer becomes the records of a page.
"""
