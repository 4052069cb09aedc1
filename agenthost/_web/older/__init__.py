"""Older generations: calls that began before a replacement of workers, and their processes."""
