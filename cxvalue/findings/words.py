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
        "simulated": "A simulated company: nobody here is real, and the true values are known. The page shows what a report "
        "looks like.",
        "partial": "This is a partial run: only some notebooks were asked for, so figures may be missing. The last "
        "complete report is not replaced by it.",
        "control_failed": "The revenue in the data does not agree with the control total of the ledger. Treat every "
        "figure on this page with caution until the difference is explained.",
        "notebook_failed": "Part of the analysis failed, and its figures are missing from this page ({names}).",
        # headline
        "headline": "The figures that matter",
        # the answer at the top
        "answer": "The answer",
        "answer_PASS": "Yes",
        "answer_FAIL": "No",
        "answer_NOT PROVEN": "Not proven",
        "answer_yes": "Yes",
        "answer_no": "No",
        "answer_open": "Not proven",
        "answer_do": "What to do",
        "answer_brings": "What it costs and brings",
        "answer_sure": "How sure we are",
        "answer_undo": "What would undo it",
        "answer_evidence": "Evidence {grade}: {meaning}",
        "pays_PASS": "{title} pays.",
        "pays_FAIL": "{title} does not pay.",
        "pays_NOT PROVEN": "Whether {title} pays is not proven.",
        "effect_PASS": "{title} does what was asked of it.",
        "effect_FAIL": "{title} does not do what was asked of it.",
        "effect_NOT PROVEN": "Whether {title} does what was asked of it is not proven.",
        "effect_": "{title} was measured, but no test was agreed beforehand.",
        "do_PASS": "Keep it: {title} meets the test that was set before the result was known.",
        "do_FAIL": "Stop {title}, or change it before it goes on.",
        "do_NOT PROVEN": "Do not extend {title} yet. Go on measuring until the test is met or missed.",
        "do_": "Agree on a test before the next step, and measure on.",
        "won_back": "It made about {customers} customers buy who would not have bought otherwise.",
        "campaign_yes": "{title} earned {profit} in all, {interval}.",
        "campaign_no": "{title} lost {profit} in all, {interval}.",
        "campaign_open": "Whether {title} earned or lost money is open: {interval} fits the data.",
        "do_campaign_yes": "Run it again, and leave out a random tenth so that it can be measured again.",
        "do_campaign_no": "Do not repeat it in this form.",
        "do_campaign_open": "Repeat it only with a random group left out, so that the next result can be proven.",
        "undo_campaign": "It stops paying if a contact brings {margin} less than it did here, or if the next customers are "
        "not like these.",
        "discount_ladder": "the ladder as run",
        "discount_flat": "the best single discount ({depth})",
        "discount_none": "no discount at all",
        "discount_word_ladder": "Keep the ladder",
        "discount_word_flat": "{depth} for everybody",
        "discount_word_none": "No discount",
        "discount_ahead": "{best} earns {gain} more a visit than {second}: {high} against {low} of margin.",
        "discount_brings": "Of every visit {best} leaves a margin {interval}, the discount already taken off.",
        "do_discount_ladder": "Keep offering the smallest discount first and the next step only when it is refused.",
        "do_discount_flat": "Offer {depth} at once to everybody, first in some of the shops.",
        "do_discount_none": "Stop discounting, first in some of the shops.",
        "do_discount_open": "Change nothing yet: try both side by side, customers assigned at random.",
        "ranges_apart": "The ranges of the two do not meet.",
        "ranges_overlap": "The ranges of the two overlap.",
        "undo_discounts": "Customers who learn to wait for the next step, or who would accept less under another rule.",
        "do_experience_yes": "Answer complaints within the target, first where most of them are late.",
        "do_experience_no": "Do not pay for faster answers.",
        "do_experience_open": "Try faster answers on a random part of the complaints before paying for them everywhere.",
        "do_lifetime": "Spend less than {value} to win a customer, and plan with the range rather than with one figure.",
        "undo_lifetime": "Customers who change their habits: a forecast knows only the past.",
        "card_missed": "past forecasts were {share} off on average",
        "changes": "What changed since the last report",
        "changes_intro": "Held against the report on data up to {day}.",
        "column_then": "Then",
        "column_now": "Now",
        "changed_up": "▲ from {then}",
        "changed_down": "▼ from {then}",
        "changed_other": "was {then}",
        "why_data": "new data up to {day}",
        "why_corrected": "the data of the same days are others",
        "why_setting": "setting {name}: {then} → {now}",
        "why_more_settings": "{count} more settings",
        "why_version": "version of cxvalue {then} → {now}",
        "why_unknown": "no input changed",
        "moved_outside": "It moved outside its former range.",
        "contents": "For whoever checks",
        "as_above": "as above",
        "told": "The findings in words",
        "swipe": "Swipe to see the whole figure",
        "verdict": "Verdict",
        "PASS": "Pass",
        "FAIL": "Fail",
        "NOT PROVEN": "Not proven",
        "exact": "counted, no estimate",
        "estimate": "estimate",
        "confidence": "{level} interval",
        "evidence": "Evidence {grade}",
        "figures": "The figures as pictures",
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
        "assumption_bad_rows_refuse": "none found",
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
