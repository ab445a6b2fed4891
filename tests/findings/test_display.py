"""What notebooks show: sentences as paragraphs, and tables that open."""

from __future__ import annotations

from cxvalue.findings.display import Sentences, folded, say, sentences, styled
from cxvalue.findings.writer import FindingWriter


def test_sentences_are_paragraphs_with_nothing_of_them_read_as_markup() -> None:
    told = Sentences(("penalty_waiver *passes*.", "a < b"))
    assert told._repr_html_() == "<p>penalty_waiver *passes*.</p><p>a &lt; b</p>"
    assert repr(told) == "penalty_waiver *passes*.\na < b"


def test_what_is_empty_is_not_shown(monkeypatch) -> None:
    shown: list[Sentences] = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    say("", "One.\n\nTwo.", "Three.")
    say("")
    assert [one.texts for one in shown] == [("One.", "Two.", "Three.")]


def test_a_folded_table_is_closed_behind_its_line() -> None:
    markup = folded("Open <it>", styled([{"a": 1}]))._repr_html_()
    assert markup.startswith("<details><summary>Open &lt;it&gt;</summary>")
    assert "<table" in markup


def test_a_name_in_a_table_is_text_and_runs_nothing_where_a_notebook_is_opened_by_hand() -> None:
    markup = styled([{"<i>name</i>": "<script>alert(1)</script>", "P&L": 1.5}])._repr_html_()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in markup
    assert "&lt;i&gt;name&lt;/i&gt;" in markup
    assert "P&amp;L" in markup
    assert ">1.500000<" in markup, "numbers look as they did"


def test_the_same_table_is_the_same_markup_and_another_has_another_name() -> None:
    rows = [{"a": 1, "b": "x"}]
    one = styled(rows)._repr_html_()
    assert styled(rows)._repr_html_() == one
    assert len({styled(rows).uuid, styled([{"a": 1, "b": "y"}]).uuid, styled([{"a": 1, "c": "x"}]).uuid}) == 3


def test_a_reason_that_several_findings_share_is_told_once() -> None:
    writer = FindingWriter("40_reactivation", "campaign.")
    reason = "A control group is missing."
    found = [writer.withhold(key, key, reason) for key in ("effect", "profit")]
    found += [
        writer.write("sent", "sent", 3, "", "3 were sent."),
        writer.withhold("new", "new", "No product is named."),
    ]
    told = sentences(found).data["in words"].tolist()
    assert told == [
        "Not available: a control group is missing.",
        "For the same reason.",
        "3 were sent.",
        "Not available: no product is named.",
    ]
