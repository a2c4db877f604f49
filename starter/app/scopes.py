"""What there is to be permitted, and who is: the one place to change it."""

from enum import StrEnum


class Role(StrEnum):
    CUSTOMER = "customer"
    ADMIN = "admin"


class Scope(StrEnum):
    PRODUCTS_WRITE = "products:write"
    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    DASHBOARD_READ = "dashboard:read"


DESCRIPTIONS = {
    Scope.PRODUCTS_WRITE: "Create, change and delete products.",
    Scope.ORDERS_READ: "Read your own orders.",
    Scope.ORDERS_WRITE: "Place and cancel your own orders.",
    Scope.USERS_READ: "Read all accounts.",
    Scope.USERS_WRITE: "Change all accounts.",
    Scope.DASHBOARD_READ: "See how the shop does.",
}

SCOPES_OF = {
    Role.CUSTOMER: frozenset({Scope.ORDERS_READ, Scope.ORDERS_WRITE}),
    Role.ADMIN: frozenset(Scope),
}
