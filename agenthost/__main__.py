"""``python -m agenthost``."""

from agenthost._cli import main

if __name__ == "__main__":
    main()
