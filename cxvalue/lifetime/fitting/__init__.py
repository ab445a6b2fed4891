"""From histories to fitted models, and the choice between them.

fits              `fit`, `fit_all`, and the gate that asks whether any dropout can be identified
regular           `fit_regular`, `fit_rhythms`: customers with a regular rhythm
discrete          `fit_bg_bb`, `fit_by_period`: customers who take an opportunity a period or not
by_covariates     `fit_with_covariates`: segments that buy and leave differently
sampled           `sample_of`: the customers on whom models are compared
holdout           `score_holdout`, `select_model`: which model forecast the holdout best
checked           what a forecast asks of its arguments
robust            whether a model's uncertainty is honest
lifetimes_bridge  exchange with the lifetimes package, the only module that imports it
"""
