"""A recording is asked about whatever its labels are: its classes need not be those of the network."""

import dataclasses

import numpy as np
import pytest

from gca_scratch.data import neutral
from gca_scratch.runs import predict
from tests.helpers.people import people, with_opinions


@pytest.mark.parametrize("label", [3, 40])
def test_labels_beyond_the_classes_of_the_network_are_of_no_matter(tmp_path, label):
    data = people()
    trained = predict.load(with_opinions(tmp_path, data))
    own = predict.predict(trained, tmp_path / "data.npz")
    names = tuple(f"class {n}" for n in range(label + 1))
    neutral.save(
        tmp_path / "other.npz",
        dataclasses.replace(data, label=np.full(len(data), label, np.int16), class_names=names),
    )
    other = predict.predict(trained, tmp_path / "other.npz")
    assert [answer.label for answer in other.answers] == [answer.label for answer in own.answers]
    for one, two in zip(own.answers, other.answers, strict=True):
        np.testing.assert_array_equal(one.probabilities, two.probabilities)
    assert (other.data.label == label).all()
