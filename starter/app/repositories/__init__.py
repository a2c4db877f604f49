"""Every query. A repository returns None for what is not there; what that means is the service's to say.

Repositories import schemas, which is what reads give; schemas import no repositories.
"""
