"""A study prepared once, kept in a cache, and opened by notebooks.

prepared      tables validated and written, models fitted, keyed by the fingerprint of all that went in
notebooks     which notebooks there are, and what each needs of a study
listing       `studies`: the studies there are, and which of them can have a notebook
opened        `load_study`, `Study`: what a notebook works with, and `publish`, by which it hands over
kept_base     the forecast of all customers kept beside the fits
kept_states   the histories of all customers kept beside the fits
kept_log      their purchases as arrays kept beside the fits
kept_arrays   arrays in files, opened in place
kept_numbers  the tables of a large study with customers as numbers
from_tables   `study_from`: a study of tables in memory
preflight     campaigns and programmes tried on the tables before any notebook starts
half_lives    half-lives that a programme takes from a finding
history       what earlier published runs said
check         what ``cxvalue check`` says
understood    tables in a few figures: rows, customers, orders, revenue, days
"""
