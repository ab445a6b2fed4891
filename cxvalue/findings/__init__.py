"""Findings: the only thing that pages, comparisons and business cases are built from, and how they are written.

finding  the `Finding`: a number with its interval, grade and sentence; findings as files
numbers  how numbers are written (USD 1.24 M, 35.2%, 12 months)
display  what a notebook shows: tables for reading, sentences, a part that is folded away
writer   `FindingWriter`: the findings of one part of a notebook, with what they share said once
suppression  small cells, and others withheld with them so that nobody can work them out
small_groups  which groups of customers are withheld, over columns that hang together and over two runs
points   a figure that is withheld because chance left it no width
"""
