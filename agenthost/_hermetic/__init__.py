"""A host in memory that ignores its surroundings, for tests and trials."""
