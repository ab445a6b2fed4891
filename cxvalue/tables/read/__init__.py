"""From files, queries and databases to typed columns, and a clear refusal of what could be read two ways.

schema    the columns of every table: a column is declared here, and typed and checked from that alone
sources   files, installed packages, queries and databases as raw columns
files     the files that a path or a pattern names, and several as one table
formats   one file, whatever it is: its content says how to read it
unpack    compressed files and archives
workbook  sheets of workbooks
json_lines     JSON
database_file  SQLite and DuckDB files
cells     rows of typed cells as a relation
roles     what a column may be by its name, in several languages
aside     columns left aside that may change what rows and amounts mean
shape     which rows count and as what, in place of a query
billing   for how long an amount is paid
latest    which version of a row is the last
expressions    columns worked out of others
decode    text files in any encoding, as clean UTF-8
textfile  delimited text into columns of text, with line numbers and every line that does not fit
typed     tables of an engine, whose own types are taken as they are
laid      a table laid where its engine can compute with it, from a file or as the engine holds it
parse     raw text to ids, dates, numbers and flags; every value that does not parse is found
dates     which date format a column is written in
written_days  days in words, eras and wide digits, rewritten in figures
yes_no    words of yes and no in several languages
limits    what a query may be, and take of time, memory and disk
moments   moments with a time zone as the local ones of a zone
numerals  amounts with signs, currency, points and commas
currency  amounts in several currencies, in the study's
paste     the `read:` line of a message, ready to paste
sql       names and text as DuckDB writes them
"""
