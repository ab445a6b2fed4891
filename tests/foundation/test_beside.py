"""Work beside other work: on another thread where there are two processors, when it is asked for where there is one."""

from __future__ import annotations

import os
import threading

import pytest

from cxvalue.foundation.beside import beside


@pytest.mark.parametrize("processors", [1, 2])
def test_what_came_of_it_is_the_same_and_an_error_is_raised_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, processors: int
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: processors)

    def fail() -> int:
        raise KeyError("no")

    with beside(threading.get_ident) as found:
        assert (found() == threading.get_ident()) == (processors == 1)
    with beside(fail) as found, pytest.raises(KeyError, match="no"):
        found()


def test_it_goes_on_while_the_block_does_and_is_over_when_the_block_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    begun, go, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        assert go.wait(10)
        done.set()

    with beside(work):
        assert begun.wait(10)
        assert not done.is_set()
        go.set()
    assert done.is_set()


def test_with_one_processor_nothing_is_done_that_nobody_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    done: list[int] = []
    with beside(lambda: done.append(1)):
        pass
    assert done == []
