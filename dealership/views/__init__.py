"""The dealership's own pages."""
