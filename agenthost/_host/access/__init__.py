"""Access: credentials, generated secrets, and limits on failed logins."""
