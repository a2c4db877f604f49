"""The kinds of fields that `ondol add resource` knows."""
