"""Building blocks for accounts: hashing, tokens, rotation, scopes. The project itself defines users and their rights."""
