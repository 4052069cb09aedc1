"""Tools: declaration, signature, arguments, and their form on the wire."""
