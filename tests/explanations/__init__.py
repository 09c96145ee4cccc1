"""Tests of what is told of a model and its guesses."""
