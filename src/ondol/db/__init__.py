"""PostgreSQL through SQLAlchemy: models, sessions, pages, and what a violated constraint means."""
