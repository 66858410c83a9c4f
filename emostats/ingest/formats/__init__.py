"""Readers of exports: one file kind each, behind the protocol of `emostats.ingest.reader`.

Rows keep their numbers and columns their places, so that a value's address is the one in the file. In a file
without a header row of its own (SPSS, SAS, Stata, Parquet), row 1 holds the names and case n is row n + 1.
"""
