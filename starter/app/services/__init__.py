"""The rules. A service knows no HTTP: it can be built in a job, a command or a test as well."""
