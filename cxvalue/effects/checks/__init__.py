"""What could undo an effect.

data_checks        what is wrong with the tables behind it
drift              whether units moved away before they got the programme, and the first of them most
pretrend           a start that never was
drift_sensitivity  how far units could have drifted apart before the effect is gone
what_if            the rows of that table, and the sentence
few_units          tests that keep their word with few units
early              units that had started before there was anything to compare with
"""
