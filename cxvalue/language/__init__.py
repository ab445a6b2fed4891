"""The language that readers read: whole messages looked up by their English text, and the fixed words of page and papers.

catalogue  a message in the language that is spoken; catalogues are the ``.po`` files in a folder for each language
english    the fixed words of page and papers, and how numbers, dates and money are written, by key
english_papers  those of PDF, slides and workbook
letters    the fonts that a language is printed with
words      those words in the language that is spoken, and counted words in the form that a number asks for

A sentence that a reader sees is one message, with its values by name: ``translate("{share} came back.", share="12%")``.
What stands in a table of messages and is told later is marked where it stands: ``translatable("won back")``. Messages are
never glued from parts: where words differ, there are two messages. `make messages` brings the catalogues up to date with
the code; `data/languages.md` says how to translate and holds the terms.
"""
