import answered
import pytest
from receiver import receiving

from flows import notices
from flows.notices import Night
from flows.outcomes import StageRun, judged
from wreck_core.stages import earlier, report


@pytest.fixture
def receiver(monkeypatch):
    with receiving() as (url, taken):
        monkeypatch.setenv(notices.VARIABLE, url)
        yield taken


def test_a_night_is_told_with_its_verdict_and_a_new_leader(receiver, layout, params):
    answered.fill(layout)
    answered.answer(layout, "mobilenet", 0.6)
    answered.answer(layout, "resnet50", 0.5)
    board = answered.board_of(params, "mobilenet", "resnet50")
    report.run(board, layout)
    earlier.keep(layout)
    answered.answer(layout, "resnet50", 4.0)
    report.run(board, layout)
    assert notices.tell(layout, Night(["200 pictures from 200 URLs", *notices.board_lines(layout)]))
    (message,) = receiver
    assert message["title"].endswith("the night is done")
    assert message["type"] == "success"
    assert "200 pictures from 200 URLs" in message["message"]
    assert "resnet50 is best" in message["message"]
    assert "the leader is resnet50, before it was mobilenet" in message["message"]


def test_a_failed_night_and_a_failing_gate_are_told(receiver, layout, params):
    answered.fill(layout)
    answered.answer(layout, "mobilenet", 0.2)
    report.run(answered.board_of(params, "mobilenet"), layout)
    failed = StageRun("train@xception", "failed", reason="no weights")
    night = Night()
    with night.going_on():
        judged(layout, [failed, StageRun("report", "ran")])
    notices.tell(layout, night)
    (message,) = receiver
    assert message["title"].endswith("the night failed")
    assert message["type"] == "failure"
    assert "gate leader_roc_auc fails" in message["message"]
    assert "failed: train@xception: no weights" in message["message"]


def test_a_gate_that_fails_alone_is_told_as_such(receiver, layout, params):
    answered.fill(layout)
    answered.answer(layout, "mobilenet", 0.2)
    report.run(answered.board_of(params, "mobilenet"), layout)
    night = Night()
    with night.going_on():
        judged(layout, [StageRun("report", "skipped")])
    notices.tell(layout, night)
    assert receiver[0]["title"].endswith("the night is done, but a gate failed")


def test_a_night_that_breaks_in_an_unforeseen_way_is_told_too(receiver, layout):
    with pytest.raises(ZeroDivisionError), notices.telling(layout) as night:
        night.lines.append("200 pictures")
        night.lines.append(str(1 / 0))
    (message,) = receiver
    assert message["title"].endswith("the night failed")
    assert message["message"] == "failed: ended by ZeroDivisionError: division by zero\n200 pictures"


def test_a_service_that_is_down_fails_nothing_and_its_url_stays_secret(monkeypatch, layout, capfd):
    monkeypatch.setenv(notices.VARIABLE, "json://user:canary-secret@127.0.0.1:9/ nonsense://canary-secret")
    assert not notices.tell(layout, Night(["done"]))
    said = capfd.readouterr()
    assert "was not taken" in said.err
    assert "canary-secret" not in said.out + said.err


def test_without_services_nothing_is_sent(monkeypatch, layout):
    monkeypatch.delenv(notices.VARIABLE, raising=False)
    assert notices.tell(layout, Night(["done"]))
    assert notices.board_lines(layout) == []
