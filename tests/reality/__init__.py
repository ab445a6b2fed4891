"""How well the product's forecasts hold on real logs, beside peers in the same run: ``make reality LOGS=… CONTRACTS=…``.

logs      reading purchase logs from a folder
judged    which days and horizons of a log are judged
trials    the forecasts of the product from those days, made as the product makes them
peers     what others would have forecast: lifetimes, the last equal period, pymc-marketing where it is installed
learn     what other companies teach: the constants of `cxvalue.lifetime.evidence.reference`
contests  every way of forecasting on every judged cell, learnt without the log that it is judged on
customers single customers, groups and the churn rate, as forecast from those days, beside what they did
scores    coverage, interval scores and misses
report    the tables
bases     contracts from a folder, as somebody who was sent the files would read them
renewed   what the product publishes of contracts on past days, beside what came and beside peers
"""
