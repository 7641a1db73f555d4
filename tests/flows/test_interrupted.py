import pytest

pytestmark = pytest.mark.usefixtures("prefect_server")


def test_a_run_whose_process_was_killed_is_shown_as_interrupted_at_the_next_start(
    layout, capfd, monkeypatch
) -> None:
    from prefect import flow
    from prefect.client.orchestration import get_client
    from prefect.states import Running

    from flows import interrupted, notices

    monkeypatch.delenv(notices.VARIABLE, raising=False)

    @flow
    def night() -> None:
        """Never gets to its end."""

    with get_client(sync_client=True) as client:
        left = client.create_flow_run(night, state=Running(), name="dark-night")
        (told,) = interrupted.close(layout)
        state = client.read_flow_run(left.id).state
    assert state is not None
    assert (state.name, state.message) == ("Crashed", "interrupted: its process ended")
    assert told.startswith("dark-night")
    assert "was interrupted, and this one goes on from there: dark-night" in capfd.readouterr().err
    assert interrupted.close(layout) == []
