"""Panels: what customers brought month by month, before and after their unit got a programme.

inputs       where a panel comes from, its months, and units that started too early
rollouts     the roll-out of a programme: its units as text, and what rules a panel out
by_unit      customers added up to units, bins of acquisition and months by the engine
by_customer  a row a customer, for designs that compare customers
overlap      who was under which programme in which month
"""
