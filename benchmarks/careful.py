from handwritten import app  # noqa: F401  (to be written)
