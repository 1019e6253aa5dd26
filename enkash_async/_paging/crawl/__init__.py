"""Which windows of time to ask for, so that each holds a page, and is what came all of them?

Knows windows, counts, and the times of rows, which a function it is given reads. It must never
know a field's name or how a window is written into a filter: no I/O, as the package around it.
Begin with `crawl`, which plans and accepts. `division` says what becomes of a window when its first
page is back, `cutter`, `cutting` and `spread` where time is cut, `windows` how one window is read,
`delivery` and `seams` which rows are new, `counts` what is counted, `resumed` where to go on.
"""
