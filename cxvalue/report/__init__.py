"""From findings to what an executive reads.

The flow is one way: findings → page model → renderer. A renderer never computes and a page model never holds markup.

page           findings, figures and notes become a `PageModel`, without any markup
headlines      which findings come first, by the question of the study
opening        what stands at the top of a notebook: the study, and its answer in a few sentences
assumptions    what a study file says, and what was assumed where it says nothing
revenue_words  what a study without a margin says in place of it
lowering       findings that rest on doubtful tables are lowered by a grade
html           a `PageModel` becomes one self-contained file; so does the index of all studies
notebook_html  an executed notebook becomes an appendix page without code
sanitize       what markup from elsewhere may stay
"""
