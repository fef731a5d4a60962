"""`python -m gfla_cli` and `torchrun -m gfla_cli` run the same program as `gfla`."""

from gfla_cli.app import main

main()
