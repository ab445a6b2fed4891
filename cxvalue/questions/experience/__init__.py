"""What the questions about experience share (notebooks 60 to 63).

answers    answers of the surveys as points, the main metric, quarters that were wholly observed
needed     which of these notebooks a study can have, found from its columns
names      names of touchpoints, metrics and levels as parts of ids
bags       customers in random bags, drawn again together
dummies    texts as columns of zeros and ones, and columns centred within groups
"""
