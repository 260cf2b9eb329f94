"""Tests of the UTD-MHAD reader: on MATLAB files written by SciPy, and on the real ones where they are.

What damage does to a MATLAB file is tested in test_sysu.py, whose reader shares it.
"""

from io import BytesIO

import numpy as np
import pytest
from scipy.io import savemat

from gca_scratch.data.readers import utdmhad
from gca_scratch.data.readers.recording import read_all
from gca_scratch.data.skeleton import KINECT_V1, chain
from gca_scratch.support.errors import InputError

SKELETON = np.random.default_rng(0).uniform(-2, 2, (20, 3, 4))


def put(folder, name="a3_s2_t4", compress=True, **arrays):
    path = folder / f"{name}_skeleton.mat"
    path.parent.mkdir(parents=True, exist_ok=True)
    made = BytesIO()
    savemat(made, arrays or {"d_skel": SKELETON}, do_compression=compress)
    path.write_bytes(made.getvalue())
    return path


def refused(path, *words):
    with pytest.raises(InputError) as caught:
        utdmhad.read_item(path)
    message = str(caught.value)
    assert str(path) in message and "\n" not in message and all(word in message for word in words), message


@pytest.mark.parametrize("compress", [False, True])
def test_reads_the_format(tmp_path, compress):
    found = utdmhad.read_item(put(tmp_path, compress=compress))
    assert found.joints.shape == (4, 1, 20, 3) and found.joints.dtype == np.float32
    assert np.array_equal(found.joints[:, 0], SKELETON.transpose(2, 0, 1).astype(np.float32))
    assert found[1:] == (2, 2, "a3_s2_t4", None, None, 4, None)
    assert utdmhad.CLASS_NAMES[found.label] == "right hand wave" and len(set(utdmhad.CLASS_NAMES)) == 27
    one = put(tmp_path, other="words", d_skel=SKELETON[..., 0], last=np.array([1, "a"], object), compress=compress)
    assert utdmhad.read_item(one).joints.shape == (1, 1, 20, 3)


def test_the_joints_are_those_of_kinect_v1_in_another_order():
    layout = utdmhad.LAYOUT
    assert set(layout.joint_names) == set(KINECT_V1.joint_names) and layout.joint_names[0] == "head"
    assert len(chain(20, layout.edges, layout.joint_names.index("hip center"))) == 20

    def bones(layout):
        return {tuple(layout.joint_names[joint] for joint in bone) for bone in layout.edges}

    assert bones(layout) == bones(KINECT_V1)


def test_folders_and_single_files(tmp_path):
    for name in ("Skeleton/a10_s1_t1", "Skeleton/a2_s10_t1", "a2_s2_t1", "._a2_s2_t1", "__MACOSX/a4_s1_t1"):
        put(tmp_path, name)
    (tmp_path / "a2_s2_t1_inertial.mat").write_bytes(b"x")
    found = utdmhad.open_collection(tmp_path)
    assert [path.stem for path in found.items] == ["a2_s2_t1_skeleton", "a2_s10_t1_skeleton", "a10_s1_t1_skeleton"]
    meaning = found.meaning
    assert (meaning.up.value, meaning.unit.value, meaning.hand.value, meaning.rate.value) == ("+y", "m", "right", "30")
    assert read_all(utdmhad, tmp_path).label.tolist() == [1, 1, 9]
    assert len(utdmhad.open_collection(tmp_path / "a2_s2_t1_skeleton.mat").items) == 1
    assert utdmhad.recognises(tmp_path) and not utdmhad.recognises(tmp_path / "a2_s2_t1_inertial.mat")
    put(tmp_path, "copy/a2_s2_t1")
    with pytest.raises(InputError, match="are the same sample"):
        utdmhad.items(tmp_path)
    with pytest.raises(InputError, match="holds no file of UTD-MHAD"):
        utdmhad.items(put(tmp_path / "notes", "b1_s1_t1").parent)


def test_one_file_may_have_a_name_of_its_own(tmp_path):
    put(tmp_path).rename(tmp_path / "mine.mat")
    (item,) = utdmhad.open_collection(tmp_path / "mine.mat").items
    assert utdmhad.read_item(item)[1:4] == (None, 0, "mine")


def test_a_joint_of_nan_is_absent(tmp_path):
    skeleton = SKELETON.copy()
    skeleton[5, :, 1] = np.nan
    joints = utdmhad.read_item(put(tmp_path, d_skel=skeleton)).joints
    assert np.isnan(joints[1, 0, 5]).all() and np.isnan(joints).sum() == 3


def test_damage_is_named(tmp_path):
    refused(put(tmp_path, SW=SKELETON), "has no variable d_skel")
    refused(put(tmp_path, d_skel=SKELETON[:19]), "d_skel is 19 x 3 x 4 where 20 x 3 x frames belongs")
    refused(put(tmp_path, d_skel="words"), "class char")
    refused(put(tmp_path, d_skel=SKELETON + 1j), "no array of real numbers")
    skeleton = SKELETON.copy()
    skeleton[0, 1, 2] = np.inf
    refused(put(tmp_path, d_skel=skeleton), "d_skel(1, 2, 3)", "y of the joint 'head'", "inf")
    whole = put(tmp_path).read_bytes()
    for length in range(0, len(whole) - 1, 41):
        path = tmp_path / "a3_s2_t4_skeleton.mat"
        path.write_bytes(whole[:length])
        refused(path)
    for name in ("a28_s1_t1", "a0_s1_t1"):
        refused(put(tmp_path, name), "not called like a sequence of UTD-MHAD")


@pytest.mark.parametrize("kind", [0, 8, 16, 30, 2**31])
def test_a_type_of_numbers_that_does_not_exist(tmp_path, kind):  # SciPy 1.17 crashes on some
    whole = put(tmp_path, compress=False, d_skel=SKELETON)
    content = bytearray(whole.read_bytes())
    name = content.index(b"d_skel")
    assert content[name + 8] == 9  # the tag of the numbers: double
    content[name + 8 : name + 12] = kind.to_bytes(4, "little")
    whole.write_bytes(content)
    refused(whole, "d_skel is damaged")


@pytest.fixture(scope="module")
def real(real_data):
    if not (real_data / "utdmhad").is_dir():
        pytest.skip("UTD-MHAD: set GCA_SCRATCH_DATA to the folder that holds utdmhad/")
    return read_all(utdmhad, real_data / "utdmhad")


def test_the_real_data_is_whole(real):
    assert len(real) == 861 and (real.lengths.min(), real.lengths.max()) == (41, 125)
    assert np.bincount(real.label).tolist() == [31 if action in (8, 23, 27) else 32 for action in range(1, 28)]
    assert (real.subject % 2).sum() == 431 and len(np.unique(real.subject)) == 8


def test_the_real_bodies_are_bodies(real):
    """Heads above hips above feet; the right shoulder on the right; what the right hand does moves that one more."""
    joints = real.joints[:, 0].astype(np.float64)
    median = np.median(joints, axis=0)
    assert median[0, 1] > median[3, 1] > median[15, 1] and 2 < median[3, 2] < 4
    ahead = joints[:, 15] - joints[:, 14] + joints[:, 19] - joints[:, 18]
    across = (np.cross(ahead, [0.0, 1.0, 0.0]) * (joints[:, 8] - joints[:, 4])).sum(axis=-1)
    spans = list(zip(real.offsets, real.offsets[1:], strict=False))
    assert np.mean([np.median(across[a:b]) > 0 for a, b in spans]) > 0.99
    reach = np.array([np.ptp(joints[a:b, [7, 11]], axis=0).sum(axis=-1) for a, b in spans])
    right = [label for label, name in enumerate(utdmhad.CLASS_NAMES) if name.startswith("right hand")]
    assert (reach[:, 1] > reach[:, 0])[np.isin(real.label, right)].mean() > 0.99
