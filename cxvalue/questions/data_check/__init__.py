"""data_check."""
