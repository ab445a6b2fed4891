"""What was read: counts, notes, cautions and control totals (notebook 00).

findings  the findings ``data.*``
display   counts, sources, cautions and control totals as tables
"""
