"""What is wrong in tables, and what is legal there and may nevertheless make a number wrong.

rules              bad rows and notes of every table, and what must agree across tables
soundness          signs that contradict their column, rows that stand twice
ids                ids as text: repairs, ids that a spreadsheet spoilt, ids that stand for nobody
screening          both of these for one table, and guests set apart
relations          tables held against one another
declared_names     campaigns and programmes must stand in their tables
other_spellings    programmes, products, metrics, touchpoints written in several ways
campaign_rows      customers in two arms, or held out and contacted all the same
undelivered        contacts left out because they were not delivered
openends           ends and starts to come, contracts of no length
observed           up to which day the tables are whole, and whether that is long ago
doubtful_days      day and month swapped in some rows, a first day long before all others
sums_among_rows    totals and subtotals among the rows, which would count twice
purchase_cautions  rows twice, versions of orders, refunds left out
left_aside         columns not mapped that may change what rows and amounts mean
names_aside        columns whose names say another unit, term or day than they are mapped to
rows_aside         the same of answers, tickets, contracts, contacts: rows that are none, or several of one
history_begins     old customers who look new where a history begins
"""
