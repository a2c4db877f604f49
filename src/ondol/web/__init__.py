"""The only part that knows FastAPI: middleware, problems as answers, health, docs, dependencies."""
