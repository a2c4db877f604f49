"""Rate limits: exact over all processes while Valkey answers, for each process by itself while it does not."""
