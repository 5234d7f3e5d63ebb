"""Grade what students hand in: a sandbox computes, a separate trusted process judges.

`transformer-edu grade` is the way in (`command.py`). From there: `submissions.py` finds whose notebook is where,
`pool.py` or `cluster.py` hands them out, `grade.py` judges one, `sandbox.py` and `sandboxed_answers.py` reach into the
sandbox. Behind the wall run `fork_server.py`, `notebook_process.py`, `inspection.py`, `confinement.py`. Both sides
speak `protocol.py`.
"""
