"""Interpreter of documents: sections, verbs, variables and expressions."""
