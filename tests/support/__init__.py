"""What tests start, open or ask: servers, sessions, hooks that remember, searches for secrets.

A helper that one file of tests needs stays in that file; the second that needs it moves it here.
"""
