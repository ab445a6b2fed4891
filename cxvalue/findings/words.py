"""Every fixed word of the page in one place, a mapping per language.

Templates and page builders hold no prose: they look a word up by its key. A new language is one more mapping with the
same keys; what has not been translated yet falls back to English, and `words_for` says nothing about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["ENGLISH", "LANGUAGES", "words_for"]

ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "language": "en",
        "language_missing": "The study file asks for another language; this version writes its reports in English.",
        # numbers
        "decimal": ".",
        "thousands": ",",
        "minus": "−",
        "million": "M",
        "billion": "bn",
        "trillion": "tn",
        "interval": "between {low} and {high}",
        "always": "always {value}",
        "open_above": "{low} or more",
        "times a year": "1:once a year,2:twice a year",
        "withheld": "withheld",
        "not_available": "not available",
        "above_share": "more than {share}",
        "below_share": "less than {share}",
        "below_number": "less than {number} from zero",
        "singular": "customers:customer,transactions:transaction,months:month,days:day,weeks:week,years:year,rows:row,"
        "purchases:purchase,points:point,notebooks:notebook",
        # dates
        "date": "{day} {month} {year}",
        "months": "January,February,March,April,May,June,July,August,September,October,November,December",
        "moment": "{date}, {time} {zone}",
        # header
        "as_of": "Data up to",
        "made": "Made",
        "currency": "Currency",
        "study": "Study",
        "version": "cxvalue",
        "run": "Run",
        "audience": "For",
        "back_to_index": "All studies",
        "skip": "Skip to the content",
        # banners
        "caution": "Before you rely on this page:",
        "cautions_more": "{count} more to look at",
        "cards_more": "{count} more figures",
        "simulated": "A simulated company: nobody here is real, and the true values are known. The page shows what a report "
        "looks like.",
        "partial": "This is a partial run: only some notebooks were asked for, so figures may be missing. The last "
        "complete report is not replaced by it.",
        "control_failed": "The revenue in the data does not agree with the control total of the ledger. Treat every "
        "figure on this page with caution until the difference is explained.",
        "notebook_failed": "Part of the analysis failed, and its figures are missing from this page ({names}).",
        # headline
        "headline": "The figures that matter",
        "verdict": "Verdict",
        "PASS": "Pass",
        "FAIL": "Fail",
        "NOT PROVEN": "Not proven",
        "exact": "counted, no estimate",
        "estimate": "estimate",
        "confidence": "{level} interval",
        "evidence": "Evidence {grade}",
        "minute": "In one minute",
        "figures": "What we see",
        # how sure are we
        "sure": "How sure are we",
        "sure_intro": "Every estimate comes with the range it may lie in. Money still to come cannot be known exactly: "
        "the range says how far off we may reasonably be.",
        "sure_modelled": "Estimates and their ranges",
        "sure_holdout": "Did the model predict what then happened?",
        "sure_holdout_intro": "The model was fitted on the earlier part of the history only, and its forecast was "
        "compared with what customers did afterwards.",
        "sure_control": "Does the data agree with the ledger?",
        "control_ok": "Yes: revenue in the data is {found}, the ledger says {declared}, a difference of {difference}, "
        "within the tolerance of {tolerance}.",
        "control_bad": "No: revenue in the data is {found}, the ledger says {declared}, a difference of {difference}, "
        "more than the tolerance of {tolerance}.",
        "control_none": "No control total was given in the study file, so the data was not compared with the ledger.",
        "sure_withheld": "What we do not state, and why",
        "sure_remarks": "Also worth knowing",
        "sure_grades": "What the evidence grades mean",
        "grade_A": "Customers or units were assigned at random.",
        "grade_B": "Not random, but compared with a fair group over time.",
        "grade_C": "Matched with similar customers, or the forecast of a statistical model.",
        "grade_D": "A link between two figures, or a benchmark: no proof of cause.",
        "grade_E": "Before and after only: other causes are not ruled out.",
        # assumptions
        "assumptions": "What the figures assume",
        "assumed_default": "assumed: not set in the study file",
        "assumption_money": "Money",
        "assumption_money_value": "nominal and before tax",
        "assumption_discount": "Discount rate",
        "assumption_discount_value": "{rate} a year",
        "assumption_horizon": "Horizon",
        "assumption_margin": "Gross margin",
        "assumption_margin_value": "{share} of revenue before discount",
        "assumption_margin_unknown": "not known: every amount is revenue, before the cost of goods",
        "assumption_margin_column": "taken from the margin of each purchase",
        "assumption_dormancy": "A customer is dormant after",
        "assumption_dormancy_value": "{days} without a purchase",
        "assumption_contract": "Relationship",
        "noncontractual": "without a contract: customers leave silently",
        "contractual": "with a contract: the end is known",
        "assumption_observed": "History from",
        "assumption_level": "Intervals",
        "assumption_level_value": "{level}",
        "assumption_bad_rows": "Faulty rows",
        "assumption_bad_rows_refuse": "none found; a faulty row would have been refused",
        "assumption_bad_rows_drop": "dropped and counted, up to {share} of a table",
        # what did not run
        "not_run": "What did not run, and why",
        "not_run_none": "Everything that was asked for ran.",
        "status_not_run": "not run",
        "status_failed": "failed",
        "status_not_asked": "not asked for",
        "status_done": "done",
        "status_not_made": "not made",
        # data notes
        "data": "Notes on the data",
        "data_none": "No row was dropped, cut, merged or netted.",
        "kind_read": "read",
        "kind_refused": "refused",
        "kind_dropped": "dropped",
        "kind_cut": "cut",
        "kind_merged": "merged",
        "kind_netted": "netted",
        "kind_note": "noted",
        "kind_kept": "kept",
        "kind_apart": "set apart",
        "kind_match": "matched",
        # all findings, appendix
        "all": "All findings",
        "appendix": "Appendix",
        "appendix_notebooks": "How each figure was made",
        "appendix_tables": "Tables",
        "appendix_files": "Files",
        "findings_csv": "All findings, for a spreadsheet",
        "findings_json": "All findings, for a program",
        "manifest": "How this run was made: parameters, versions, fingerprints",
        # columns
        "column_finding": "Finding",
        "column_value": "Value",
        "column_interval": "Range",
        "column_evidence": "Evidence",
        "column_method": "How it was made",
        "column_meaning": "What it means",
        "column_table": "Table",
        "column_what": "What",
        "column_rows": "Rows",
        "column_amount": "Amount",
        "column_status": "Status",
        "column_reason": "Why",
        "column_assumption": "Assumption",
        "column_grade": "Grade",
        # index
        "index_title": "Customer value reports",
        "index_intro": "The latest complete report of every study.",
        "index_none": "No study has been reported yet. Run make report first.",
        "index_headline": "Headline",
        "index_never": "never reported successfully",
        "index_open": "Open the report",
        "footer": "Figures are nominal and before tax. This file is complete in itself: opening it sends no "
        "request anywhere.",
        # notebooks
        "notebook_image": "Figure",
        "notebook_back": "Back to the report",
    }
)

LANGUAGES: Mapping[str, Mapping[str, str]] = MappingProxyType({"en": ENGLISH})


def words_for(language: str) -> Mapping[str, str]:
    """Return the words of a language; a language without words of its own gets the English ones.

    >>> words_for("en")["verdict"]
    'Verdict'
    """
    return LANGUAGES.get(language, ENGLISH)
