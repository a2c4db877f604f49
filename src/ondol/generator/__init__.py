"""`ondol new`: a project from a starter."""
