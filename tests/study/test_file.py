"""The study file: what is accepted, and that everything wrong in it is said at once and in an analyst's words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from cxvalue.foundation.errors import BadInput
from cxvalue.study import find_study, list_studies, load_study_file, project_root
from cxvalue.study.money import Settings

SOUND = """
name: {name}
currency: EUR
gross_margin: 0.3
annual_discount_rate: 0.1
tables: {{transactions: {{path: orders.csv}}}}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "study.yml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(BadInput) as caught:
        load_study_file(write(folder, text))
    return [str(problem) for problem in caught.value.problems]


def sound(extra: str = "") -> str:
    return SOUND.format(name="mine") + extra


def test_a_sound_file_is_frozen_and_has_its_defaults(tmp_path: Path) -> None:
    study = load_study_file(write(tmp_path, sound()))
    assert (study.name, study.horizon_months, study.level, study.dormancy.days) == ("mine", 24, 0.95, 90)
    assert study.bad_rows is None
    assert study.cltv.time_unit == "week"
    assert study.folder == tmp_path.resolve()
    with pytest.raises(ValueError, match="frozen"):
        study.name = "other"  # type: ignore[misc]


def test_what_the_file_leaves_open_is_said(tmp_path: Path) -> None:
    study = load_study_file(write(tmp_path, sound()))
    assert [line.split(":")[0] for line in study.assumptions] == [
        "Horizon of 24 months",
        "Dormant after 90 silent days",
    ]
    told = load_study_file(write(tmp_path, sound("horizon_months: 12\ndormancy: {days: 30}\n")))
    assert told.assumptions == ()


def test_the_gap_after_which_a_contract_is_a_return_has_a_default_that_is_said(tmp_path: Path) -> None:
    told = load_study_file(write(tmp_path, sound("contract: contractual\n")))
    assert told.contracts.gap_days == 31
    assert any("within 31 days after the one before is its renewal" in line for line in told.assumptions)
    named = load_study_file(write(tmp_path, sound("contract: contractual\ncontracts: {gap_days: 60}\n")))
    assert named.contracts.gap_days == 60
    assert not any("renewal" in line for line in named.assumptions)
    with pytest.raises(BadInput, match=r"contracts\.gap_days"):
        load_study_file(write(tmp_path, sound("contracts: {gap_days: -1}\n")))


def test_three_typos_are_named_together_with_the_nearest_known_key(tmp_path: Path) -> None:
    text = sound("horizon_month: 12\ndormency: {days: 30}\ncltv: {time_unt: day}\n")
    found = problems(tmp_path, text)
    assert len(found) == 3
    assert any("horizon_month: unknown key. Did you mean 'horizon_months'?" in line for line in found)
    assert any("dormency: unknown key. Did you mean 'dormancy'?" in line for line in found)
    assert any("cltv.time_unt: unknown key. Did you mean 'time_unit'?" in line for line in found)
    assert all(line.startswith(f"{tmp_path.name}/study.yml: ") for line in found)


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (
            "horizon_months: 0\n",
            "horizon_months: 0 is out of range: it must be >= 1. Allowed: a whole number of months.",
        ),
        ("level: high\n", "level: 'high' is not a number that is possible here. Allowed: a share such as 0.95."),
        ("as_of: yesterday\n", "as_of: 'yesterday' is not a date. Allowed: a day such as 2026-06-30"),
        ("language: fr\n", "language: 'fr' is not known. Allowed: 'en', 'ru', 'uk', 'zh'."),
        ("bad_rows: drop\n", "bad_rows: 'drop' is not a group of settings. Allowed: refuse, or {drop_up_to: 0.01}."),
        ("bad_rows: {drop_up_to: 5}\n", "bad_rows.drop_up_to: 5 is out of range: it must be <= 1."),
        ("cltv: {models: [bg_nbf]}\n", "cltv.models[1]: 'bg_nbf' is not known. Did you mean 'bg_nbd'?"),
        ("report: {customers: sumary}\n", "report.customers: 'sumary' is not known. Did you mean 'summary'?"),
        ("report: {customers: 5}\n", "report.customers: 5 is not known. Allowed: 'rows', 'summary'."),
        ("report: {pseudonymise: perhaps}\n", "report.pseudonymise: 'perhaps' is neither true nor false."),
        ("campaigns: [{name: a}]\n", "campaigns: declared, but the table 'contacts' is not in the study."),
        ("programmes: [{name: a}]\n", "programmes: declared, but the table 'rollout' is not in the study."),
        ("as_of: 2025-01-31\nobserved_from: 2025-06-01\n", "observed_from: 2025-06-01 is after as_of 2025-01-31."),
        ("observed_from: 2025-01-01\ncltv: {holdout_start: 2025-01-01}\n", "leaves no history before it"),
        ("control_totals: {revenue: much}\n", "control_totals.revenue: 'much' is not a number"),
        (
            "horizon_months: true\n",
            "horizon_months: True is not a number that is possible here. Allowed: a whole number of months.",
        ),
        ("exchange_rates: {EUR: true, USD: 0.92}\n", "exchange_rates: {'EUR': True, 'USD': 0.92} is not a number"),
        ("horizon_months: 3\nhorizon_months: 4\n", "the key 'horizon_months' is given twice"),
    ],
)
def test_each_mistake_has_its_sentence(tmp_path: Path, extra: str, said: str) -> None:
    assert any(said in line for line in problems(tmp_path, sound(extra)))


def _groups(group: type[Settings] = Settings) -> Iterator[type[Settings]]:
    for one in group.__subclasses__():
        yield one
        yield from _groups(one)


@pytest.mark.parametrize("group", sorted(set(_groups()), key=lambda one: one.__name__))
def test_yes_and_no_are_never_numbers(group: type[Settings]) -> None:
    numbers = {
        field.alias or name
        for name, field in group.model_fields.items()
        if str(field.annotation) in {"<class 'int'>", "<class 'float'>", "int | None", "float | None"}
    }
    for key in numbers:
        with pytest.raises(ValidationError) as refused:
            group.model_validate({key: True})
        assert any(item["loc"] == (key,) and item["type"] == "float_type" for item in refused.value.errors()), key


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("{}", "give exactly one of 'path', 'files' with 'query', or 'database' with 'table'"),
        ("{files: {a: b.csv}}", "'files' and 'query' go together"),
        ("{database: 'postgres://me:secret@host/db', table: t}", "${NAME} of an environment variable"),
        ("{path: a.csv, read: {decimal: ',', thousands: ','}}", "decimal and thousands are both ','"),
        ("{path: a.csv, read: {decimal: ';'}}", "read.decimal: ';' is not known. Allowed: ',', '.'."),
        ("{path: a.csv, colums: {date: day}}", "tables.transactions.colums: unknown key. Did you mean 'columns'?"),
    ],
)
def test_each_mistake_in_a_source_has_its_sentence(tmp_path: Path, table: str, said: str) -> None:
    text = f"name: mine\ncurrency: EUR\ngross_margin: 0.3\ntables:\n  transactions: {table}\n"
    assert any(said in line for line in problems(tmp_path, text))


def test_an_unknown_table_is_told_with_the_other_problems(tmp_path: Path) -> None:
    found = problems(tmp_path, "name: mine\ncurency: EUR\ntables: {transactons: {path: a.csv}}\n")
    assert any("tables.transactons: unknown table. Did you mean 'transactions'?" in line for line in found)
    assert any("curency: unknown key. Did you mean 'currency'?" in line for line in found)
    assert any("currency: is missing." in line for line in found)


@pytest.mark.parametrize(("text", "said"), [("", "contains no settings"), ("a: [1", "is not valid YAML in line")])
def test_what_is_no_study_at_all_is_said(tmp_path: Path, text: str, said: str) -> None:
    assert any(said in line for line in problems(tmp_path, text))


def test_a_missing_or_foreign_encoded_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no such file"):
        load_study_file(tmp_path / "study.yml")
    (tmp_path / "study.yml").write_bytes("title: Кофе".encode("cp1251"))
    with pytest.raises(BadInput, match="is not UTF-8 text"):
        load_study_file(tmp_path / "study.yml")


def test_persistence_and_success_are_read_in_both_spellings(tmp_path: Path) -> None:
    text = sound().replace("orders.csv}}", "orders.csv}, rollout: {path: r.csv}}") + (
        "programmes:\n"
        "  - {name: a, case: {from: as_of, persistence: {half_life_months: 12}}, success: {metric: npv, at_least: 0}}\n"
        "  - {name: b, case: {persistence: none}, benefits: [{name: t, class: capacity, monthly: 5}]}\n"
    )
    first, second = load_study_file(write(tmp_path, text)).programmes
    assert (first.case.start, first.case.persistence.kind, first.case.persistence.half_life_months) == (
        "as_of",
        "half_life",
        12,
    )
    assert (second.case.persistence.kind, second.benefits[0].kind) == ("none", "capacity")


def test_a_benefit_lies_within_its_range(tmp_path: Path) -> None:
    text = sound().replace("orders.csv}}", "orders.csv}, rollout: {path: r.csv}}") + (
        "programmes: [{name: a, benefits: [{name: t, class: cash, monthly: 100, low: 150, high: 200}]}]\n"
    )
    found = problems(tmp_path, text)
    assert any("100 does not lie in its range, 150 to 200" in one for one in found)


def test_a_criterion_needs_one_threshold_and_names_must_differ(tmp_path: Path) -> None:
    text = sound().replace("orders.csv}}", "orders.csv}, rollout: {path: r.csv}}") + (
        "programmes: [{name: a, success: {metric: npv}}, {name: a}]\n"
    )
    found = problems(tmp_path, text)
    assert any("programmes.a.success: has no single threshold." in line for line in found)
    assert any("the name 'a' is used 2 times." in line for line in found)


def test_a_study_under_data_has_the_name_of_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXVALUE_ROOT", str(tmp_path))
    folder = tmp_path / "data" / "shop"
    folder.mkdir(parents=True)
    assert any("'mine' is in the folder 'data/shop'" in line for line in problems(folder, sound()))


def test_a_study_is_found_by_name_folder_and_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXVALUE_ROOT", str(tmp_path))
    folder = tmp_path / "data" / "mine"
    folder.mkdir(parents=True)
    path = write(folder, sound()).resolve()
    assert list_studies() == ["mine"]
    assert find_study("mine") == find_study(folder) == find_study(path) == path
    with pytest.raises(BadInput, match="Did you mean 'mine'"):
        find_study("mime")
    with pytest.raises(BadInput, match="there is no such study"):
        find_study(tmp_path / "nowhere")


def test_the_bundled_studies_are_sound() -> None:
    assert project_root() == Path(__file__).resolve().parents[2]
    for name in ("bank", "cdnow", "cdnow_sample", "complete_journey", "cosmetics", "insurer", "mealkit", "retailer"):
        study = load_study_file(find_study(name))
        assert isinstance(study.as_of, date)
        assert study.assumptions == ()


def test_the_file_that_new_writes_needs_no_correction(tmp_path: Path) -> None:
    import cxvalue

    template = Path(cxvalue.__file__).parent / "cli" / "templates" / "study.yml"
    text = template.read_text(encoding="utf-8")
    with pytest.raises(BadInput, match=r"gross_margin: is not answered yet\. [A-Z][^.?]*[.?]"):
        load_study_file(write(tmp_path, text))
    study = load_study_file(write(tmp_path, text.replace("gross_margin: ASK", "gross_margin: 0.30")))
    assert study.tables["transactions"].columns["revenue"] == "revenue"


@pytest.mark.parametrize("unit", ["week", "month", "quarter", "year"])
def test_periods_of_the_model_that_counts_them(tmp_path: Path, unit: str) -> None:
    study = load_study_file(write(tmp_path, sound(f"cltv: {{models: bg_bb, time_unit: {unit}}}\n")))
    assert study.cltv.models == ("bg_bb",)
    assert study.cltv.period == unit
    assert not any("bg_bb" in line for line in study.assumptions)


def test_a_period_that_nobody_named_is_said(tmp_path: Path) -> None:
    study = load_study_file(write(tmp_path, sound("cltv: {models: bg_bb}\n")))
    assert study.cltv.period == "week"
    assert "One opportunity to buy a week: the study file names no time_unit for bg_bb." in study.assumptions
    assert load_study_file(write(tmp_path, sound())).cltv.period is None


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        (
            "{models: [bg_bb, bg_nbd, nbd], time_unit: month}",
            [
                "cltv.models: names bg_bb beside bg_nbd, nbd: it counts periods, they count days, so no holdout can compare"
            ],
        ),
        (
            "{models: bg_bb, time_unit: day}",
            ["cltv.time_unit: 'day' is not a period of bg_bb, in which a customer can buy once."],
        ),
        (
            "{time_unit: quarter}",
            ["cltv.time_unit: 'quarter' goes with models: bg_bb, which counts the quarters with a"],
        ),
        ("{time_unit: year, models: bg_nbd}", ["cltv.time_unit: 'year' goes with models: bg_bb"]),
        ("{time_unit: decade, models: bg_bb}", ["cltv.time_unit: 'decade' is not known."]),
        (
            "{models: [bg_bb, nbd], time_unit: day, covariates: city}",
            [
                "cltv.covariates: needs the table 'customers'",
                "cltv.covariates: needs one of",
                "cltv.models:",
                "cltv.time_unit:",
            ],
        ),
        (
            "{models: bg_bb, time_unit: month, covariates: city}",
            [
                "cltv.covariates: needs the table",
                "cltv.covariates: needs one of bg_nbd, mbg_nbd, pareto_nbd, and none of them",
            ],
        ),
    ],
)
def test_what_does_not_go_with_periods_is_said_together(tmp_path: Path, settings: str, found: list[str]) -> None:
    said = problems(tmp_path, sound(f"cltv: {settings}\n"))
    assert len(said) == len(found)
    for one, words in zip(said, found, strict=True):
        assert words in one


@pytest.mark.parametrize(("start", "told"), [("2025-01-31", "31 January 2025"), ("2025-02-01", "1 February 2025")])
def test_a_holdout_that_begins_too_late_is_said_and_not_refused(tmp_path: Path, start: str, told: str) -> None:
    text = sound(f"as_of: 2025-01-31\ncltv: {{holdout_start: {start}}}\n")
    study = load_study_file(write(tmp_path, text))
    said = f"cltv.holdout_start {told} is not before as_of 31 January 2025: the usual part is held back instead."
    assert said in study.assumptions
    earlier = load_study_file(write(tmp_path, text.replace(f"holdout_start: {start}", "holdout_start: 2025-01-30")))
    assert not any("holdout_start" in one for one in earlier.assumptions)
