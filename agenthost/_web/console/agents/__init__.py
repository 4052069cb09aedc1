"""Pages about agents: their documents, and their tools."""
