"""Ways to forecast what each customer will do, asked on any day with what was known then.

outlook   what a way of forecasting says of each customer: `Outlook`, over the horizons of `Ahead`
by_model  a fitted model of purchases with a spend model
cells     what customers like these did from an earlier day on, and a year ago
looks     all of them asked on one day, pooled for single customers: `look`
"""
