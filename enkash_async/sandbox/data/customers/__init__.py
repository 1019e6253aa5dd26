"""The customers that a sandbox invents: the one list that this package comes with.

It knows the fields of a customer, how they are drawn, and the filters that the documentation names.
It must never know how rows are stored, counted or sent, so that another list can stand beside it.
Begin with `table.py`, which says all that a `Table` says; `maker.py` invents the flat fields,
`nested.py` the objects inside, from the draws of `firms.py` and the words of `words.py`.
"""
