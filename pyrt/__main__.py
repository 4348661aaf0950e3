"""`python -m pyrt`: the same as the command `pyrt`."""

from .cli import main

raise SystemExit(main())
