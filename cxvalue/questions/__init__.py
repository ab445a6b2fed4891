"""The questions that a study answers, a folder each: its computation, its findings and its displays.

``findings`` turn results into the sentences that an executive reads, ``display`` into the tables that a notebook shows;
where a question has several, the name says of what (``case_findings``). A question uses those on lower lines only; those on
one line know nothing of one another::

    contracts                            customers under contract: value, churn, what goes with leaving (notebooks 20, 30)
    churn | campaigns                    who will not buy again (30); waking sleeping customers (40)
    lifetime_value | customers           what customers are still worth (20); who they are, what they take up (10, 20)
    data_check | discounts | programmes  what was read (00); ladders of discounts (50); programmes in money (70, 80)
    choice                               which touchpoints to improve under a budget (61)
    levels | response | drivers          levels of experience, answers to complaints (60); what drives the score (61)
    survey_truth | wallet | market       who answers and who does not, the main store, competitors (62)
    journey                              one customer across steps and channels (60)
    staff                                staff and customers who leave together (63)
    experience                           what the questions about experience share
"""
