"""Speed and memory of transactions to customer values, beside lifetimes in the same run: ``make bench``."""
