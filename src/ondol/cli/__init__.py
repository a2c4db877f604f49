"""The command `ondol`: one file per command group."""
