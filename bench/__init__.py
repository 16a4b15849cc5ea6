"""The benchmarks: each runs a peer beside us in the same run and prints a ratio.

    python -m bench            # all
    python -m bench codec      # one

Absolute times differ from machine to machine; the ratios are what to look at. They never gate a
test. Each figure is the median of paired rounds, A B A B ..., so that a machine that slows down
slows both.
"""
