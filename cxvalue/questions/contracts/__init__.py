"""Customers under contract: what they will bring, who will leave, what goes with leaving (20, 30).

contract_base     who is under contract, since when, until when, and what they bring
contract_history  how contracts follow one another, come and go, and how long they last
renewals          the renewal model fitted and tried on the past
past_renewals     forecasts of contracts made again from past days, and what came
miss_range        the range of what they will bring, as wide as past misses demand
first_year        how the value per month changes in the first year of a contract
months_paid       discounted months paid for, from the chances at which customers can leave
contract_value    what customers under contract will still bring
endings           who ends within 12 months, by the model that was better on the past
drivers           what may drive the end of a contract, gathered from the tables
driver_forecast   who ends in which month, by the model with drivers
driver_words      drivers and their levels in the readers' language
mark_words        newer customers, lasting changes and months of their own, in sentences
members           member-months in the engine, from members to cells
accounts          accounts whose users are satisfied: do they renew more often?
contract_warning  the list of whom to call, with the reason in words
findings          the findings ``base.*`` and ``cltv.*`` of a study with contracts
ending_findings   the findings ``churn.*``, drivers and accounts
tables            customers and the holdout, as published
display           bands, scores, ratios and warnings as tables
"""
