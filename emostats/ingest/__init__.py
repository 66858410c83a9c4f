"""Study files in, a traceable data set out: readers, coercion by the schema, findings, scores.

`read_study` raises when the data have errors, with all of them; `ingest` returns them. The way through the
room: `library` opens sources by a `reader` (`excel`, `delimited`), `headers` finds columns, `records` settles
child and visit of each row and reads columns by `cells`, and one module a table (`roster`, `questionnaires`,
`scored`, `ratings`, `events`) makes the data. A new file format is one new reader.
"""

from emostats.ingest.study import ingest, read_study

__all__ = ["ingest", "read_study"]
