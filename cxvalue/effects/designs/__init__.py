"""Designs: from a panel to an `Effect`, by how the programme was rolled out.

staggered       units that started at different dates
experiment      given at random: intention to treat, adjusted by what customers did before
matched         given to whoever asked or was picked, compared with similar customers
single_unit     one treated unit: synthetic difference-in-differences
customer_level  what designs with customers as units share
"""
