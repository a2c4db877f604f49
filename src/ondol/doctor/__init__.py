"""`ondol doctor`: what is wrong with a project, in plain words."""
