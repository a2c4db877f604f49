"""`ondol doctor`: find problems in a project."""
