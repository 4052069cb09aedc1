"""How an author's code is run: whose turn it is, how long it may take, and what becomes of its failures."""
