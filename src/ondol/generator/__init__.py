"""Create projects from a starter, and add to, remove from and update them."""
