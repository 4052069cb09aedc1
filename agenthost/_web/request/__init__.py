"""Requests and answers: rules and values that every endpoint shares."""
