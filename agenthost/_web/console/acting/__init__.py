"""Acting: changes of a running host, by those who may."""
