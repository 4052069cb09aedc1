"""Data maps: functions that the platform runs itself."""
