"""Access: credentials, and limits on failed logins."""
