"""The outside teacher: set up, allowed, asked, and what it wrote. Nothing here imports the machine."""
