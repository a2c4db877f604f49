"""Tests on real servers: `addopts = "-p ondol.testing.plugin"`."""
