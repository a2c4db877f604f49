"""Development only: real PostgreSQL and Valkey, started for you. Never imported in production."""
