"""Published plans: the documents, tokens, doors and SIP routing that requests read."""
