"""What each model of purchases says: its likelihood with gradient, P(alive), purchases to come.

family          what a model must be able to do
nbd             NBD: customers buy for ever
bgnbd           BG/NBD and MBG/NBD: a customer may leave right after a purchase
paretonbd       Pareto/NBD: a customer may leave at any time
regular_family  BG/CNBD-k and MBG/CNBD-k: customers who buy at a rhythm
bgbb            BG/BB: at every opportunity a customer may have left, and else takes it or not
bgbb_family     BG/BB, and the beta-Bernoulli without dropout, as families among the others
registry        one row a model; a new family needs its module, this row and its name in `cxvalue.study.file`
futures         purchases of a future with their worth today, as every family draws them
discounting     what money that comes in later is worth today
silences        of the Pareto/NBD: the odds of having left, and the likelihood
cumulated       integrals over silences that many histories share
scaled_time     functions of time over alpha, read off at a few times for each kind of customer
quadrature      integrals over time that several families need
season          a clock that runs faster in the months in which everybody buys more
blocks          sums over many rows on several processors
"""
