"""The Valkey client of the cache and the rate limits."""
