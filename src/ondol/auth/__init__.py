"""Building blocks for accounts: hashing, tokens, rotation, scopes. The project defines users and their rights."""
