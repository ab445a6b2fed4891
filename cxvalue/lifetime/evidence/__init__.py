"""How far forecasts missed before, and the forecast and range that follow from it.

attempts   forecasts of a total from past days, and what came
past       those forecasts made again from a company's own purchases
reference  how far this way of forecasting missed on other companies
blend      one forecast out of several, with its range
"""
