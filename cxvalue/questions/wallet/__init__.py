"""Main store and share of wallet: for whom are we the main shop, what is still spent elsewhere (notebook 62).

wallet_answers  answers about the wallet beside what customers really bought
wallet_share    the share of main store, the share of wallet, and what goes with being the main one
findings        the findings ``experience.wallet.*``
"""

from __future__ import annotations

from cxvalue.questions.wallet.wallet_answers import wallet_rows
from cxvalue.questions.wallet.wallet_share import fit_wallet

__all__ = ["fit_wallet", "wallet_rows"]
