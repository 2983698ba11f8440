"""How fast `smtp` is, against its peers, in one and the same run.

    python -m benchmarks                    all but the slow ones, and what was promised
    python -m benchmarks --suite startup    one suite
    python -m benchmarks --smoke            every row once, with next to nothing to do

Not tests: nothing fails on a slow day.  README.md says how to read what is printed.

Rules
- Every figure is a ratio to a named peer, or a count of octets or round trips; an absolute time
  means nothing on another machine.
- Every row of a suite runs once in each round, one after the other, so that what disturbs the
  machine disturbs all alike.  Figures are taken round by round (paired); then comes the median.
- What a client sent is checked; a client that sends something else has no figure.
- A row that cannot run gives its reason under the table, and the rest goes on.
"""
