"""A result without a card is refused by name."""

from __future__ import annotations

import pytest

from cxvalue.objects.cards import describe, frame_of, pictures_of


def test_what_has_no_card_is_named() -> None:
    with pytest.raises(TypeError, match="no card for int"):
        describe(3, "EUR")
    for of in (frame_of, pictures_of):
        with pytest.raises(TypeError, match="of int"):
            of(3)
