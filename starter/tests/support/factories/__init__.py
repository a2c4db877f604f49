"""The resources of the service. The contract tests run for each resource that is listed here."""

from ondol.testing.factory import Factory

from factories.orders import ORDERS  # sample
from factories.products import PRODUCTS  # sample

FACTORIES: list[Factory] = [
    PRODUCTS,  # sample
    ORDERS,  # sample
]
