"""The client of Valkey that the cache and the rate limits share."""
