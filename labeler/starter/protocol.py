"""What `manage.py prepare` tells the starter besides words for the terminal."""

ENTRY = "entry-path: "  # before the path that signs the first account in once
