"""All queries. A repository returns None for a missing row; the service decides what that means.

Reads return schemas, so repositories import schemas; schemas import no repositories.
"""
