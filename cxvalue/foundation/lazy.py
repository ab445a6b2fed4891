"""Importing what reads notebooks, without what takes most of that time and is never used."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

INJECTED = "injected-parameters"
"""The tag of the cell in which a notebook finds its parameters."""

_SLOW = "rfc3987_syntax"


def import_nbformat() -> ModuleType:
    """nbformat, imported in a fraction of its time.

    Its validator, jsonschema, imports rfc3987_syntax where that is installed, which works out a grammar of web addresses
    for seconds. The schema of notebooks has no such address, and jsonschema does without where it is not installed.

    >>> import_nbformat().__name__
    'nbformat'
    """
    if "jsonschema" in sys.modules or _SLOW in sys.modules:
        return import_module("nbformat")
    sys.modules[_SLOW] = None  # type: ignore[assignment]
    try:
        return import_module("nbformat")
    finally:
        del sys.modules[_SLOW]
