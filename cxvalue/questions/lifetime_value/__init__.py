"""lifetime_value."""
