"""Logs of other systems become ticket facts: read and checked whole first, recorded only then.

    files      bytes and rows of a file: compression, encoding, CSV
    times      a source's words for instants
    problems   what is wrong with the input, by file, line and field
    spool      rows by ticket, events by ticket and time: sorted on disk, so that no file is too big
    snapshots  an audit table's rows become facts (pure)
    servicenow, table, events   the three readers: each puts facts into the spool
    recording  the spool goes into the journal, in batches, or to a server
"""
