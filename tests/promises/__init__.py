"""What SECURITY.md and docs/guarantees.md promise of the whole, tried from outside.

Not one part is under test here but all at once: against bytes made of anything, storms, a second
server, cancellations, and with an eye on what is shown, held and left over.
"""
