"""What everything else stands on: errors, dates, intervals and chance.

inert      text from data that a spreadsheet must not take for a formula, and that no file would be sound with
machine    disks, rights and memory: trouble that is no fault of a study, in words
temporary  the folder for what is temporary, which nobody else can open
arrays     arrays by what they hold
errors     everything that cxvalue refuses to do, and in which words
sensible   arguments that make sense: a number that is one, a horizon, a rate, the kind that is needed
days       a day however it is given
calendar   days, months and the unit in which a model counts time
intervals  the ends of an interval from draws
chance     what chance leaves in an estimate: a width, steps along its axes
rounding   what is left of zero when floats are added up
beside     work that goes on beside other work
grades     grades of evidence, A to E
progress   a line about a long step, in JupyterLab alone
shown      how a result shows itself: a line, a table with sentences, numbers, a picture
plain      frozen results as JSON holds them, and back
lazy       what reads notebooks, imported without what is slow and not used
"""
