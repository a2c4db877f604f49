"""Mechanisms of accounts: hashing, tokens, rotation, scopes. What a user is and may do is the project's own code."""
