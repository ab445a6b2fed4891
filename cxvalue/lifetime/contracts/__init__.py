"""Customers under contract, staff or any member: how long they stay.

spells         how many whole periods members were there
sbg            the shifted-beta-geometric model of renewal
renewal_marks  what that model alone does not know: chances of their own, newer customers, a lasting change
hazard         who leaves and what goes with it: a discrete-time hazard model with drivers
pace           how many times as fast as foreseen members leave, and what is known of it
"""
