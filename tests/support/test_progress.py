"""The progress bar: on a terminal, and nowhere else."""

import io
import sys

import pytest

from gca_scratch.support.progress import progress


class Screen(io.StringIO):
    def isatty(self):
        return True


def said(stream, monkeypatch, **options):
    monkeypatch.setattr(sys, "stderr", stream)
    assert list(progress([1, 2, 3], total=3, what="folds", unit="fold", **options)) == [1, 2, 3]
    with progress(total=5, what="reading", unit="sequence", done=1, **options) as bar:
        bar.update(4)
    return "" if stream is None else stream.getvalue()


def test_a_terminal_sees_how_far_it_is(monkeypatch):
    text = said(Screen(), monkeypatch)
    assert "folds: 100%" in text and "3/3" in text and "reading: 100%" in text and "5/5" in text


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_a_pipe_and_nothing_at_all_see_nothing(stream, monkeypatch):
    assert said(stream, monkeypatch) == ""


def test_nobody_sees_what_is_not_shown(monkeypatch):
    assert said(Screen(), monkeypatch, show=False) == ""
