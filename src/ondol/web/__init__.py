"""The only package that uses FastAPI: middleware, problem responses, health checks, docs, dependencies."""
