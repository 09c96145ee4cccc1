"""A model of the ladder made ready to leave: a zip, one HTML file, a folder for publishing."""
