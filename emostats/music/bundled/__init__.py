"""A small library of pieces that `make` synthesizes, and simulated scores of a session, for trying out.

Nobody rated these pieces, and nobody was filmed.
"""
