"""Grade what students hand in: a sandbox computes, a separate trusted process judges.

`transformer-edu grade` is the way in (`command.py`). From there: `submissions.py` finds whose notebook is where,
`pool.py` or `cluster.py` hands them out, `grade.py` judges one, `sandbox.py` and `remote.py` reach into the sandbox.
Behind the wall run `zygote.py`, `workplace.py`, `reading.py`, `confinement.py`. Both sides speak `protocol.py`.
"""
