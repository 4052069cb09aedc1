"""Agents in processes of their own: what the host keeps of them, and what happens there."""
