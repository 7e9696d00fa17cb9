"""Logs of other systems become ticket facts: read and checked whole first, recorded only then.

    files      bytes, text and CSV rows of a file; containers and encodings say what its bytes are
    tables, columns, workbook    the table of a file, whatever kind it is
    times, time_pattern, date_names    a source's words for instants
    quantities, scripts    numbers and durations; digits of every script
    problems   what is wrong with the input, by file, line and field
    spool      rows by ticket, events by ticket and time: sorted on disk, so that no file is too big
    snapshots  an audit table's rows become facts (pure)
    servicenow, audit_export    a ServiceNow incident's rows (pure), and the reader of the file
    mapping, plan, row_order, row_facts, csv_table    what a mapping says, bound to columns, read of a ticket's rows; and the reader
    json_lines  the reader of ticket events
    first_rules  SLA rules that are published before the facts
    comparing  asks the ledger what it holds of the file's tickets, and has those told again
    known_ticket, servicenow_known, known_rows, known_table    what rows say of a ticket that is known (pure)
    recording, destination    the spool goes into the journal, in batches, or to a server
    runner     one import, from file to journal
"""
