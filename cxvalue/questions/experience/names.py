"""Names of touchpoints, metrics and departments as parts of the ids of findings."""

from __future__ import annotations

import re
from collections.abc import Iterable


def id_parts(names: Iterable[str]) -> dict[str, str]:
    """Each name as a part of an id: what is no letter, digit, '_' or '-' becomes '_'; two that fall together get a number.

    >>> id_parts(["contact centre", "contact/centre", "web"])
    {'contact centre': 'contact_centre', 'contact/centre': 'contact_centre_2', 'web': 'web'}
    """
    parts: dict[str, str] = {}
    for name in dict.fromkeys(names):
        plain = re.sub(r"[^\w-]+", "_", name).strip("_") or "_"
        part, number = plain, 2
        while part in parts.values():
            part, number = f"{plain}_{number}", number + 1
        parts[name] = part
    return parts
