"""Data in: from the files of a study to checked, canonical tables and purchase histories.

- `counts`      the counts and control totals that a data check prints, and `TableSet`, what loading gives
- `contracts`   the columns of every table, with what is required and allowed (declarative)
- `decode`      text files in any encoding, as clean UTF-8
- `sources`     files, installed packages, queries and databases, read by DuckDB as raw columns
- `files`       the files that a path or a pattern names, and several as one table
- `textfile`    delimited text into columns of text, with line numbers and every line that does not fit
- `dates`       which date format a column is written in, and the refusal when it could be read two ways
- `moments`     moments with a time zone as the local ones of a zone
- `numbers`     dressed amounts, and the refusal of numbers that could be read two ways
- `currency`    amounts in several currencies, in the study's
- `parse`       raw text to ids, dates, numbers and flags; every value that does not parse is found
- `cautions`    what is legal in the tables and may make a number wrong, worst first
- `ids`         ids as text: repairs, ids that a spreadsheet spoilt, ids that stand for nobody
- `soundness`   signs that contradict their column, rows that stand twice
- `screening`   both of these for one table, and guests set apart
- `relations`   tables held against one another
- `declared`, `campaign_rows`  campaigns and programmes must stand in their tables; customers in two arms
- `openends`    ends and starts to come, contracts of no length
- `checks`      bad rows and notes of every table, and consistency across tables
- `ask`         several counts in one question to the engine
- `period`      up to which day the tables are whole, and whether that is long ago
- `ledger`      transactions to purchases: cut, duplicates merged, refunds netted, one purchase a day
- `purchase_cautions`  rows twice, versions of orders, refunds left out
- `history_begins`  old customers who look new where a history begins
- `load`        all of it for one study: canonical parquet files, counts that reconcile, control totals
- `frames`      a ledger brought along as a pandas, polars, arrow or ibis table
- `states`      purchases to frequency, recency and age
- `discrete`    purchases to opportunities taken, one a calendar period
- `distinct`    equal rows of whole-number columns, by one sort
- `panels`, `rollouts`, `overlap`, `about`  customers or units by month, programmes, their labels

`paste` writes the `read:` line of a message and `sql` quotes names.
"""

from __future__ import annotations
