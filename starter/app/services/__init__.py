"""The business rules. Services know no HTTP, so jobs, commands and tests can use them too."""
