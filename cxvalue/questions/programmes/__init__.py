"""What programmes changed and what that is worth (notebooks 70 and 80).

measure               the design that fits how a programme was rolled out, and its effect
declared_case         its case and its verdict, from what the study declares
joint                 all programmes of a study together
goodwill              which rule lets customers off best
effect_findings       the findings of an effect
case_findings         the findings of a case and its verdict
verdict_sentences     their sentences about the test, waiting and what could be proven
risk_findings         risks, a falling market, when to stop, goodwill rules
portfolio_findings    the findings ``programmes.*``
realisation_findings  promised against delivered
display               effects, checks and months as tables
case_display          figures, assumptions and goodwill rules of a case as tables
"""
