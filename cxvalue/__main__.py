"""`python -m cxvalue` is the same as `cxvalue`."""

from __future__ import annotations

import sys

from cxvalue.cli.commands import main

if __name__ == "__main__":
    sys.exit(main())
