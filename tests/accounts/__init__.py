"""Tests of accounts, members and the project list."""
