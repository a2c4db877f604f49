"""Real PostgreSQL and Valkey for development, started automatically. Never imported in production."""
