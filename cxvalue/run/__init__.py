"""A run: the notebooks of a study in processes of their own, and a report published in one step.

study_run   one study from its file to a published report
graph       which notebooks a study asks for, and in which order
execute     notebooks through papermill, several at a time
crowding    how many notebooks at a time the free memory holds
kernel      the kernel that a notebook runs in
preload     what such a kernel has imported before it starts
unchanged   the last report, where nothing that it is made from has changed
forked      kernels as forks of a process that has everything imported
publish     a finished run becomes the latest report, or nothing changes
write_back  scores of customers into the company's database, once the report is published
journal     the log of a run
record      what a run was: its study, its notebooks and how they ended
manifest    what went into it: versions, seeds, fingerprints, cautions
folders     locks, and folders that are replaced in one step
pseudonyms  customer ids in what is published
"""
