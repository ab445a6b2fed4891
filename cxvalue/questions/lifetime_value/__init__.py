"""What today's customers are still worth (notebook 20).

plan                what is to be fitted, and on whom: `ForecastPlan`
forecast            the models calibrated, held against the holdout, fitted again, and one chosen
cltv_fit            `CltvFit`: all of that as it is kept and opened again
base_forecast       the forecast of all customers: what past days teach, put to the candidates of today
seasonality         whether the base buys with the seasons, and models whose clock follows them
covariates          segments, channels and sources that buy and leave differently
tracking            whether the chosen model holds: month by month, by frequency, by tenth
past_states         customers as they were known on past days, and what they then bought: `PastStates`
past_forecasts      forecasts from past dates against what customers then brought
horizons            value by horizon, payback, levers
tables              the tables that a run publishes
findings            the findings ``cltv.*``: value, model and holdout
value_findings      season, past forecasts, payback
lever_sentences     the sentences on the value levers
covariate_findings  what differs by segment
display             the same as tables
"""
