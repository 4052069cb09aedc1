"""AI sessions: prompts, steps, functions, actions and summaries."""
