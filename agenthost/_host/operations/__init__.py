"""What an operator requests: doctor, exports, terminal tables, the control socket, document lint."""
