"""Scopes, roles, and which scopes each role has. This is the only place that defines them."""

from enum import StrEnum


class Role(StrEnum):
    CUSTOMER = "customer"
    ADMIN = "admin"


class Scope(StrEnum):
    ACCOUNT_READ = "account:read"
    ACCOUNT_WRITE = "account:write"
    PRODUCTS_WRITE = "products:write"  # sample
    ORDERS_READ = "orders:read"  # sample
    ORDERS_WRITE = "orders:write"  # sample
    AUDIT_READ = "audit:read"  # audit
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    DASHBOARD_READ = "dashboard:read"  # sample


DESCRIPTIONS = {
    Scope.ACCOUNT_READ: "Read your own account and sessions.",
    Scope.ACCOUNT_WRITE: "Change your own account and end its sessions.",
    Scope.PRODUCTS_WRITE: "Create, change and delete products.",  # sample
    Scope.ORDERS_READ: "Read your own orders.",  # sample
    Scope.ORDERS_WRITE: "Place and cancel your own orders.",  # sample
    Scope.AUDIT_READ: "Read the audit log.",  # audit
    Scope.USERS_READ: "Read all accounts.",
    Scope.USERS_WRITE: "Change all accounts.",
    Scope.DASHBOARD_READ: "Read the sales dashboard.",  # sample
}

SCOPES_OF = {
    Role.CUSTOMER: frozenset(
        {
            Scope.ACCOUNT_READ,
            Scope.ACCOUNT_WRITE,
            Scope.ORDERS_READ,  # sample
            Scope.ORDERS_WRITE,  # sample
        }
    ),
    Role.ADMIN: frozenset(Scope),
}
