"""What customers will still bring: per customer, in total, with and without an end.

value       `customer_value`: margin still to come, with predictive intervals
predictive  predictive distributions from such draws, in bounded memory
large       intervals for large customer bases without drawing everybody
living      what customers who are alive will do, read off a few ages
whole_base  the combined forecast of a customer base, and customers who add up to it: `WholeBase`
infinite    `dert`, `residual_value`: value without an end
levers      `value_levers`: what a little more retention, purchases or margin is worth
"""
