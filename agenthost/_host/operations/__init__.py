"""Operators' requests: doctor, exports, terminal tables, control socket, document lint."""
