"""What `benchmarks.serving` compares with."""
