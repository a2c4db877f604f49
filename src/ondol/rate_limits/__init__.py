"""Rate limits: exact over all processes while Valkey answers, separate for each process while it does not."""
