"""`python -m everdoor.cli`: the same as `everdoor`."""

from everdoor.cli.program import main

main()
