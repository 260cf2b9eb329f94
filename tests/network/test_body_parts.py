"""Attention over body parts: which joint belongs where, the mean of Eq. 12, the shared score of Eq. 13."""

import numpy as np
import pytest

from gca_scratch.data.joint_names import body_parts as parts_of
from gca_scratch.data.skeleton import KINECT_V1, KINECT_V2, OPENNI
from gca_scratch.data.synthetic.people import generate
from gca_scratch.network import body_parts
from gca_scratch.network.grid import cell_order, pack, unpack
from gca_scratch.network.two_stream import Coarse, TwoStream
from gca_scratch.support.errors import InputError

PARTS, T = (0, 1, 1, 3), 5


@pytest.mark.parametrize("layout", [KINECT_V1, KINECT_V2, OPENNI], ids=lambda layout: layout.name)
def test_every_known_layout_has_five_parts_and_both_sides_alike(layout):
    parts = parts_of(layout.joint_names)
    assert set(parts) == set(range(len(body_parts.PARTS)))
    for name, part in zip(layout.joint_names, parts, strict=True):
        words = body_parts.PARTS[part].split()
        assert (name.split()[0] == words[0]) if len(words) == 2 else name.split()[0] not in ("left", "right"), name
    assert parts.count(1) == parts.count(2) and parts.count(3) == parts.count(4)


@pytest.mark.parametrize(
    ("name", "part"),
    [("LeftForeArmRoll", 1), ("r_shoulder", 2), ("LeftUpLeg", 3), ("RightToeBase", 4), ("hip_l", 3), ("Hips", 0),
     ("ShoulderCenter", 0), ("left eye", 0), ("HandTipRight", 2), ("L Thigh", 3)],
)  # fmt: skip
def test_other_spellings(name, part):
    assert parts_of([name, "left hand"])[0] == part


def test_names_that_do_not_tell_are_refused():
    with pytest.raises(InputError, match="tell left from right"):
        parts_of(["joint 1", "joint 2"])
    with pytest.raises(InputError, match="of every joint"):
        Coarse(4, 3, 3, 2, parts=(0, 1))


def test_a_part_is_the_mean_of_its_joints_in_each_frame():
    x = np.random.default_rng(0).standard_normal((2, T, 4, 3))  # (B, T, J, H)
    means, _ = body_parts.mean_forward(pack(x), PARTS, T)
    assert means.shape == (3 * T, 2, 3)  # the body lacks two of the five parts
    expected = np.stack([x[:, :, 0], x[:, :, 1:3].mean(axis=2), x[:, :, 3]], axis=2)  # (B, T, 3, H)
    np.testing.assert_allclose(means.reshape(T, 3, 2, 3), expected.transpose(1, 2, 0, 3), rtol=1e-12)


def test_joints_of_a_part_share_its_score():
    r_P = np.random.default_rng(1).random((3 * T, 2))
    shared, _ = body_parts.share_forward(r_P, PARTS, T)
    r = unpack(shared, 4, T)  # (B, T, J)
    of_parts = r_P.reshape(T, 3, 2).transpose(2, 0, 1)
    np.testing.assert_array_equal(r, of_parts[:, :, [0, 1, 1, 2]])


def test_scores_of_two_streams():
    names = generate(subjects=1, repetitions=1, seed=0).joint_names
    parts = parts_of(names)
    network = TwoStream(len(names), 3, 3, 4, hidden=6, parts=parts)
    params = network.init(np.random.default_rng(0))
    x = np.random.default_rng(1).standard_normal((2, 3, len(names), 3)).astype(np.float32)
    logits, cache = network.forward(params, x)
    assert logits.shape == (2, 2, 4)
    fine, coarse = network.scores(cache), network.scores(cache, stream=1)
    assert fine.shape == coarse.shape == (2, 2, 3, len(names))
    np.testing.assert_allclose(fine.sum(axis=(2, 3)), 1, rtol=1e-5)
    one_of_each = [parts.index(part) for part in range(5)]
    np.testing.assert_allclose(coarse[..., one_of_each].sum(axis=(2, 3)), 1, rtol=1e-5)
    for joint, part in enumerate(parts):
        np.testing.assert_array_equal(coarse[..., joint], coarse[..., parts.index(part)])


def test_parts_come_in_the_order_of_their_numbers_whichever_a_joint_names_first():
    parts, T = (4, 0, 1, 0), 2
    joint, frame = cell_order(4, T)
    h = np.random.default_rng(0).standard_normal((8, 2, 3))
    of = {(j, t): h[k] for k, (j, t) in enumerate(zip(joint, frame, strict=True))}
    mean, _ = body_parts.mean_forward(h, parts, T)
    expected = [of_part for t in range(T) for of_part in ((of[1, t] + of[3, t]) / 2, of[2, t], of[0, t])]
    np.testing.assert_allclose(mean, expected, rtol=1e-14)
    r, _ = body_parts.share_forward(np.arange(6.0)[:, None], parts, T)
    np.testing.assert_array_equal(
        r[:, 0], [3 * t + {4: 2, 0: 0, 1: 1}[parts[j]] for j, t in zip(joint, frame, strict=True)]
    )


def test_gates_of_every_layer():
    network = TwoStream(4, T, 3, 2, hidden=3, parts=PARTS)
    params = network.init(np.random.default_rng(0), np.float64)
    x = np.random.default_rng(1).standard_normal((2, T, 4, 3))
    gates = network.gates(params, x)
    assert [title for title, _ in gates] == [
        "layer 1",
        *(f"{stream} layer 2, iteration {n}" for stream in ("fine", "coarse") for n in (1, 2)),
    ]
    z = x[:, 0, 0] @ params["layer1.W"][:3] + params["layer1.b"]  # the first cell hears nobody
    expected = (1 / (1 + np.exp(-z))).reshape(2, 5, 3).mean(axis=2)[:, :4]
    for _, values in gates:
        assert values.shape == (4, 2, T, 4) and ((values > 0) & (values < 1)).all()
    np.testing.assert_allclose(gates[0][1][:, :, 0, 0].T, expected, rtol=1e-12)
