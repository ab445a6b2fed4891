"""Data in: from the files of a study to checked, canonical tables and purchase histories.

load      all of it for one study: canonical parquet files, counts that reconcile, control totals
one_table  one of them on its way in: laid, judged, screened
read/     from files, queries and databases to typed columns
checks/   what is wrong, and what is legal and may nevertheless make a number wrong
cautions  the kinds of the latter, worst first
refusals  what a load says of bad rows and of days that cannot be the last one observed
counts    the counts and control totals that a data check prints, and `TableSet`, what loading gives
ledger    transactions to purchases: cut, duplicates merged, refunds netted, one purchase a day
netting   refunds matched to the purchases that they take back
purchase_log  all purchases as a few arrays, so that any past day can be looked at
states    purchases to frequency, recency and age
periods   purchases to opportunities taken, one a calendar period
panels/   customers or units by month, for programmes
held_out  arms that were held out, by their names
windows   what customers bought in windows of days around moments of theirs
labels    what tables say of customers: labels and numbers, who only uses a contract; groups of products
ask       several questions about a table in one to the engine
outside   a ledger brought along as a pandas, polars, arrow or ibis table
distinct  equal rows of whole-number columns, by one sort
parquet   a data frame as a parquet file, a part at a time
"""

from __future__ import annotations
