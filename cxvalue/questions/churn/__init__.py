"""Customers without a contract who will not buy again (notebook 30).

churn          who will not buy again within 12 months, and what they bring today
losses         the share that goes and the worth that goes with it, in total and by group
early_warning  the list of whom to call, with the reason in words
past_churn     whether last year's warning came true
findings       the findings ``churn.*``
display        bands, calibration, segments, reasons and warnings as tables
"""
