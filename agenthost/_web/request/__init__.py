"""Requests and answers: what every endpoint shares."""
