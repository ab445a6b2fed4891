"""Fitted models: parameters with their uncertainty, and everything they predict.

model     `LifetimeModel`: how often customers buy and when they stop
by_age    `FewFutures`: futures at a few ages, read off for everybody
by_level  `CovariateModel`: one whose parameters differ by the levels of covariates
spend     `fit_spend`, `SpendModel`: what a purchase is worth (Gamma-Gamma)
payers    which purchases bring money at all
optimise  maximum likelihood in log-parameters: several starts, Newton polish
"""
