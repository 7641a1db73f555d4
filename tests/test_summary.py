from wreck_core.summary import count


def test_counts_know_one_from_many():
    assert count(1, "false alarm") == "1 false alarm"
    assert count(1227, "picture") == "1,227 pictures"
