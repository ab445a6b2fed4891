"""What notebooks ask: a class a notebook, a method a question, and an `Answer` with its sentences, tables and figures.

A class computes nothing itself: it asks `questions` about an opened study and draws with `figures`. What an analyst wants
besides the answers (a case, a fit, a forecast) is an attribute of it.

answer              `Answer` and `Asked`, of which all the others are made
data_answers        can the data carry the conclusions (00)
customer_answers    who the customers are, and who left (10)
lifetime_answers    what the customers will still be worth (20)
contract_answers    what the contracts will still be worth (20, with a contract)
churn_answers       who is about to leave (30)
ending_answers      which contracts are about to end (30, with a contract)
campaign_answers    did the campaign bring customers back (40)
discount_answers    how deep a discount should be (50)
experience_answers  what a better experience is worth, how well complaints are answered (60)
driver_answers      what drives the score (61)
score_answers       can the score be trusted (62)
staff_answers       what staff turnover costs in customers (63)
programme_answers   what the programmes changed (70)
case_answers        do the programmes pay (80)
"""
