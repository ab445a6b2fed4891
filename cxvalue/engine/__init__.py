"""Where tables are computed: in this process, in the company's warehouse, or on Spark. Nothing above asks which it is.

place      what every engine can do: hold tables, keep what was computed, say rows as text, bring a table over as parquet
embedded   the engine in this process
composed   SQL of expressions, composed once for all of one shape
sums       sums whose last digits no order of rows moves, on every engine
buckets    random groups of customers, the same on every engine
warehouse  an engine behind an address, through ibis: what holds for all of them
postgres   PostgreSQL: rights, snapshots that the planner knows, tables brought over by COPY
scores     scores of customers in a table of PostgreSQL, and what holds for them elsewhere
spark      Spark: snapshots without a lineage, small tables sent up
spark_scores  scores of customers in Spark
opening    from the variable that holds an address to an engine
failures   failures of an engine in words that hold no address
prints     fingerprints of a study's inputs, tables of its engine among them
"""

from __future__ import annotations
