"""What a result shows of itself in a notebook: its line, its small table and sentences, its numbers, its pictures.

A card has `describe` (the `Summary`), `frame_of` (the numbers) and, where there are pictures, `pictures_of`; results find
their card by its name when they are looked at (`cxvalue.foundation.shown`), so that they need none of this to be made.

effect_card    an effect and the panel behind it
case_card      a business case and the verdict on it
lifetime_card  models of purchases and of spend, and the value of customers
states_card    purchase histories
study_card     an opened study
cards          what a card says, chosen by the kind of the result
amounts        how a card writes numbers
"""
