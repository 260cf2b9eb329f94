"""Mirror images: which names of classes forbid them, and data in which everybody uses the same hand."""

import dataclasses

import numpy as np
import pytest

from gca_scratch.data.mirror import ONE_HANDED, mirror_conflict, one_handed
from tests.helpers.tiny import BODY, skeletons


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("bow", "wave left", "wave right"), ("wave left", "wave right")),
        (("WaveLeft", "bow", "wave_right"), ("WaveLeft", "wave_right")),
        (("lefthand up", "right hand up"), ("lefthand up", "right hand up")),
        (("wave_L", "wave_R"), ("wave_L", "wave_R")),
        (("right arm swipe to the left", "right arm swipe to the right"), None),
        (("left foot, right hand", "right foot, left hand"), None),
        (("left é", "right é"), None),
        (("挥左手", "挥右手"), None),
        (("왼손 흔들기", "오른손 흔들기"), None),
        (("Links winken", "rechts winken"), None),
        (("levantar el brazo izquierdo", "levantar el brazo derecho"), None),
        (("draw circle (clockwise)", "draw circle (counter clockwise)"), None),
        (("circle_clockwise", "circle_anti-clockwise"), None),
        (("CircleClockwise", "circle counterclockwise"), None),
        (("turn hand CW", "TurnHandCCW"), None),
    ],
)
def test_names_that_differ_in_their_sides_alone_are_a_conflict(names, found):
    first, second = found or names
    assert mirror_conflict(names) == f"it would make another class of {first!r}: {second!r}"
    assert mirror_conflict(reversed(names)) == f"it would make another class of {second!r}: {first!r}"


@pytest.mark.parametrize(
    "names",
    [
        ("bow", "left over", "right hand wave"),
        ("right hand wave", "two hand wave", "hand wave"),
        ("left over", "left-over", "LeftOver"),
        ("bright", "blight", "cleft", "crest"),
        ("turn clockwise", "turn left", "turn"),
        ("clock", "counter", "anticlock", "circle clockwise", "circle"),
        ("left é", "right è"),
        ("L", "R", "A"),
        ("left", "over"),
        (),
    ],
)
def test_a_side_in_a_name_alone_is_none(names):
    assert mirror_conflict(names) is None


def test_many_sides_in_one_name_cost_nothing():
    assert mirror_conflict(["left " * 200, "right " * 199 + "left"])


def waving(hands, joints=tuple(BODY)):
    """A sequence for each of `hands`, in which those of its letters (l, r) move."""
    data = skeletons(subjects=len(hands), repetitions=1)
    data = dataclasses.replace(data, joints=data.joints.copy(), joint_names=joints)
    for n in range(len(data)):
        sequence, moving = data.sequence(n), hands[n // 3]
        rest = np.zeros((6, 3), np.float32) + np.arange(1, 7)[:, None]
        sequence[:] = rest
        for hand, joint in (("l", 2), ("r", 3)):
            sequence[:, 0, joint, 1] += (hand in moving) * np.linspace(0, 1, len(sequence))
    return data


def test_data_in_which_everybody_uses_one_hand():
    assert ONE_HANDED == 0.9
    every = np.arange(30)
    assert one_handed(waving("rrrrrrrrrr"), every) == one_handed(waving("llllllllll"), every) == 1
    assert one_handed(waving("rrrrrrrrrl"), every) == pytest.approx(0.9) and not one_handed(waving("r" * 10), every) < 1
    assert one_handed(waving("rrrrrlllll"), every) == 0.5
    assert one_handed(waving("rrrrrlllll"), np.arange(15)) == 1  # the given sequences alone


def test_sequences_in_which_both_hands_move_do_not_count():
    both = [*"rrrr", *["lr"] * 6]
    assert one_handed(waving(both), np.arange(30)) == 1
    assert one_handed(waving([*"rr", *["lr"] * 8]), np.arange(30)) == 0.5  # too few to tell
    assert one_handed(waving(["lr"] * 3), np.arange(9)) == one_handed(waving([""] * 3), np.arange(9)) == 0.5


def test_names_that_tell_no_arms_and_no_sequences_tell_nothing():
    assert one_handed(waving("rrr", tuple("abcdef")), np.arange(9)) == 0.5
    assert one_handed(waving("rrr"), np.arange(0)) == 0.5


@pytest.mark.parametrize("lost", [0, np.nan])
def test_absent_joints_are_no_movement(lost):
    data = waving("rrrr")
    data.joints[1::3, 0, 2] = lost
    assert one_handed(data, np.arange(12)) == 1


def test_large_data_is_looked_at_in_part(monkeypatch):
    data, looked = waving("rrrrrrrrrr"), []
    real = type(data).sequence
    monkeypatch.setattr(type(data), "sequence", lambda self, n: looked.append(n) or real(self, n))
    monkeypatch.setattr("gca_scratch.data.mirror._MOST_SEQUENCES", 4)
    assert one_handed(data, np.arange(30)) == 1
    first = looked.copy()
    assert len(set(first)) == 4
    assert one_handed(data, np.arange(30)) == 1 and looked == 2 * first


def test_the_real_data_sets(real_data):
    """UTD-MHAD is performed with the right hand alone; UT-Kinect is not, whoever is left out of it."""
    from gca_scratch.data.readers import utkinect
    from gca_scratch.data.readers.recording import read_all

    if not (real_data / "utkinect").is_dir():
        pytest.skip("UT-Kinect: set GCA_SCRATCH_DATA to the folder that holds utkinect/")
    data = read_all(utkinect, real_data / "utkinect")
    shares = [one_handed(data, np.flatnonzero(data.subject != subject)) for subject in np.unique(data.subject)]
    assert max(shares) < ONE_HANDED


def test_utd_mhad_is_one_handed_and_its_classes_conflict(real_data):
    from gca_scratch.data.readers import utdmhad
    from gca_scratch.data.readers.recording import read_all

    if not (real_data / "utdmhad").is_dir():
        pytest.skip("UTD-MHAD: set GCA_SCRATCH_DATA to the folder that holds utdmhad/")
    data = read_all(utdmhad, real_data / "utdmhad")
    assert one_handed(data, np.flatnonzero(data.subject % 2)) > ONE_HANDED
    assert "swipe" in mirror_conflict(data.class_names)


LEFT = "left l links linke linken linker gauche izquierda izquierdo sinistra sinistro esquerda esquerdo 左 왼"
RIGHT = "right r rechts rechte rechten rechter droite droit derecha derecho destra destro direita direito 右 오른"


def test_words_for_left_and_right_in_other_languages():
    """Those of one side are no conflict between them, and each is one with those of the other side."""
    for words, own, other in ((LEFT, "left", "right"), (RIGHT, "right", "left")):
        for word in words.split():
            assert mirror_conflict((f"wave {own}", f"wave {word}")) is None
            assert mirror_conflict((f"wave {other}", f"wave {word}"))
