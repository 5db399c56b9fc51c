"""The oldest credential that is still believed, of everybody."""

from evcharge.central.rules.epochs import Epochs


def test_of_whom_nobody_has_spoken_every_epoch_counts():
    assert Epochs().least("CP001") == 0


def test_everybody_who_listens_hears_of_each_rise_once_and_of_no_fall():
    epochs, first, second = Epochs(), [], []
    epochs.listen(lambda *told: first.append(told))
    epochs.raise_to("CP001", 2)
    epochs.listen(lambda *told: second.append(told))
    epochs.raise_to("CP001", 2, last_word=True)
    epochs.raise_to("CP001", 1)
    epochs.raise_to("CP001", 3, last_word=True)
    assert first == [("CP001", 2, False), ("CP001", 3, True)]
    assert second == [("CP001", 3, True)]
    assert (epochs.least("CP001"), epochs.least("CP002")) == (3, 0)
