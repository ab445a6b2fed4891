"""The first mile: from the files that somebody exported to a study file that is right, or a question.

found        `recognise`, and `Recognised`: what files hold, to be looked at, answered and written
recognition  tables recognised by a record, else guessed, and held against one another
records      what is known of the exports of systems, a file each in ``layouts/``
guesses      tables that no record knows: names in several languages, and values
guessed_contracts  those of contracts and of customers
guessed_touches    those of tickets and of answers to surveys
marks        rows that are no sales, by a status, a kind or a column that marks them
unread       why columns are not what their names say
encodings    the encoding that a text is most likely in
returned     what came back to customers, in a column or in rows of its own
taxes        tax inside amounts: by an amount, by a rate
versions     rows of one order of which the last counts
reductions   discounts beside revenue: money, or percentages
drafts       one table on its way into a study: what is sure, likely, asked
asking       questions, their answers, and what these make of a table
trying       a table read as a study would read it: what it comes to, whether its arithmetic holds
notation     how an export writes its numbers and days
exports      the files opened, and their columns looked at
handwritten  studies written by hand, held against what the export of a known system means
study_text   the study file that is written
showing      what was recognised, for a terminal and for a notebook
"""
