"""From a bare machine to an environment with exact versions; standard library only."""
