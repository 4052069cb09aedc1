"""What a host tells of itself: log, metrics and traces."""
