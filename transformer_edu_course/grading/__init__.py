"""Grade what students hand in: a sandbox computes, a separate trusted process judges.

`transformer-edu grade` is the way in (`command.py`). It makes an order (`order.py`), opens the one folder in which
results lie (`graded_folder.py`), and hands the notebooks out: `submissions.py` finds whose is where, `pool.py` or
`cluster.py` have them judged by `grade.py`, which reaches into the sandbox by `sandboxed_answers.py`, `sandbox.py` and
`room.py`. Behind the wall run `fork_server.py`, `notebook_process.py`, `namespace.py`, `inspection.py`,
`confinement.py`. Both sides speak `protocol.py`. `transformer-edu export` is `export.py`: it reads results and rosters,
and writes tables.
"""
