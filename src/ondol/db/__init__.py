"""PostgreSQL through SQLAlchemy: models, sessions, pages, migrations, and errors as problems."""
