"""Who the customers are and what they take up next (notebook 10, and parts of 20).

audit               the customer-base audit: who there is, how they change, how many were won, kept and lost
crosssell           which products customers take up next, and what a new buyer of one brings
customer_groups     customers in groups, for a report that has no row a customer
referral            what customers who were brought by others are worth
findings            the findings ``base.*``
crosssell_findings  the findings ``crosssell.*`` and ``referral.*``
display             periods, bridges, products and pairs as tables
"""
