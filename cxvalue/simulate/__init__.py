"""Worlds with a known truth: a study that cxvalue can run, and what its answers should be.

Each world is a function of the number of customers and a seed; `write_world` puts its study, its tables and its
``truth.json`` into a folder. The truth comes from what the simulated customers go on to do, never from an estimator.

world             `write_world`, and what a world is
bundled           studies that make their own tables when they are first run
shop_world        customers of a shop without contracts (lifetime value, churn)
insurer_world     customers under contract who renew or leave
mealkit_world     sleeping customers, most of them contacted and some held out by lot
cosmetics_world   a till's ladder of discounts, smallest first
bank_world        customers at branches, and a programme that reaches branches at different dates
bank_draw         the customers of the bank, drawn
bank_fines        its fees, calls and goodwill
bank_truth        its truth, counted
retailer_world    stores whose customers have better and worse experiences, answer, complain and buy
retailer_draw     the customers of the retailer, drawn
retailer_outside  what they spend elsewhere, what competitors score, who works in the stores
retailer_truth    its truth, counted in other customers of the same stores
"""

from cxvalue.simulate.bank_world import bank, bank_selection
from cxvalue.simulate.bundled import make_missing_tables, read_parameters, simulate
from cxvalue.simulate.cosmetics_world import cosmetics
from cxvalue.simulate.insurer_world import insurer
from cxvalue.simulate.mealkit_world import mealkit
from cxvalue.simulate.retailer_world import retailer
from cxvalue.simulate.shop_world import shop
from cxvalue.simulate.world import WORLDS, World, write_world

WORLDS["bank"] = bank
WORLDS["bank_selection"] = bank_selection
WORLDS["cosmetics"] = cosmetics
WORLDS["mealkit"] = mealkit
WORLDS["shop"] = shop
WORLDS["retailer"] = retailer
WORLDS["insurer"] = insurer

__all__ = [
    "WORLDS",
    "World",
    "bank",
    "bank_selection",
    "insurer",
    "make_missing_tables",
    "mealkit",
    "read_parameters",
    "retailer",
    "shop",
    "simulate",
    "write_world",
]
