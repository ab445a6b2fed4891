"""Input that means harm or is beyond repair: a corpus, property-based tests, and a fuzzer that is run by hand.

studies     study files
tables      files of tables
attempts    what became of one of them: refused in words, or not; how long it took, how much memory
kills       `python -m tests.hostile.kills TIMES SEED`: reports that are killed at random moments
same        `python -m tests.hostile.same CUSTOMERS`: worlds whose rows are shuffled say the same
twice       `python -m tests.hostile.twice CUSTOMERS`: a large study published three times gives the same bytes
fuzz        `python -m tests.hostile.fuzz study|table MINUTES`: input guided by coverage
"""
