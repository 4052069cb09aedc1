"""Access: credentials, tool tokens, generated secrets, and limits on failed logins."""
