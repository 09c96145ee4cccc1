"""Predictions from the process that holds the models."""
