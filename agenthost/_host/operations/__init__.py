"""Tools for operators: doctor, exports, terminal tables, control socket, document lint."""
