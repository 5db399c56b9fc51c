"""Benchmarks, as ratios against a bare floor in the same run: `make bench-quick`."""
