"""Opsledger beside its peers: the same events, the same batches, the same disk, in interleaved rounds of one run.

    python -m loadtests.benchmarks            (less than 3 minutes)
    python -m loadtests.benchmarks --quick    (less than 30 seconds; shows that it works, not how fast)

In every round each contender has its turn in every measurement, in another order each round, and the disk's own fdatasync
is measured before: what the machine does meanwhile hits all alike. A figure is the median over the rounds; the spread is
the distance between the quartiles. Every append is durable (one aggregate's events, refused if somebody else wrote that
aggregate) when its time stops. Reads are warm: a first one is not timed. In it our recorder looks once at each event that
was appended since the last (about 1 µs an event), to know which are in its notification log.
"""
