"""Pages about calls: recent and recorded ones, and their failures."""
