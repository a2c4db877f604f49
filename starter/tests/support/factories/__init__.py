"""The resources of the service. What is listed here is tested with all that every resource must stand."""

from ondol.testing.factory import Factory

from factories.orders import ORDERS  # sample
from factories.products import PRODUCTS  # sample

FACTORIES: list[Factory] = [
    PRODUCTS,  # sample
    ORDERS,  # sample
]
