"""The command `ondol`: one file a command group."""
