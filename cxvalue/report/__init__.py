"""From findings to what an executive reads.

The flow is one way: findings → page model → renderer. A renderer never computes and a page model never holds markup.

page           findings, figures and notes become a page model
page_model     what a page says, without any markup: the one model of every renderer
answer_block   the answer at the top: yes, no or the figure, what to do, how sure, what would undo it
headlines      which findings come first, by the question of the study
notebook_top   what stands at the top of a notebook: the study, and its answer in a few sentences
changes        what is another figure than in the last report, and why
assumptions    what a study file says, and what was assumed where it says nothing
revenue_words  what a study without a margin says in place of it
lowering       findings that rest on doubtful tables are lowered by a grade
pictures       a figure as the page embeds it, for light and dark screens
paper_model    what every paper shows: the page, the business cases, the slides
case_tables    the published tables of a business case, read back
case_story     the slides of a business case
storyline      a page and its tables become a `ReportModel`, with the slides that tell it
render/        the papers beside the page: PDF, slides, workbook
html           a `PageModel` becomes one self-contained file; so does the index of all studies
finish         amounts that no line breaks, and the letters that a page brings
notebook_html  an executed notebook becomes an appendix page without code
sanitize       what markup from elsewhere may stay
"""
