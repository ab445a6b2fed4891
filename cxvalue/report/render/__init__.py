"""Renderers of a `ReportModel`: each lays it out in one file, with the same bytes each time, and computes nothing.

papers    which papers there are, what each needs, and all that a report can have made in one call
pdf       report.pdf: two sheets for whoever decides, the rest behind them
deck      deck.pptx: the slides, with charts that can be edited
casebook  case.xlsx: the business case as a workbook with live formulas
"""
