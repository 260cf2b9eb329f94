"""Who trains and who tests, whole, typed from where each protocol was published.

cross-subject, cross-view    Shahroudy and others, NTU RGB+D (CVPR 2016), section 3.2
-120, cross-setup            Liu and others, NTU RGB+D 120 (PAMI 2020), section 3.3
sbu                          Yun and others (CVPRW 2012), readme of the clean version: five folds of pairs
mhad                         Ofli and others (WACV 2013): the first seven subjects train
nw-ucla                      Wang and others (CVPR 2014): the third camera tests
utd-mhad                     Chen and others (ICIP 2015): odd subjects train
msr-as1 to msr-as3           Li and others (CVPRW 2010), Table 1; odd subjects train
"""

import hashlib
from itertools import chain

import numpy as np
import pytest

from gca_scratch.data.protocols import folds, restricted, split
from gca_scratch.data.readers.ctrgcn_names import ORDERS
from tests.data.test_protocols import data_of

TRAIN_60 = {1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38}
TRAIN_120 = {
    1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38, 45, 46, 47, 49, 50, 52, 53, 54, 55, 56,
    57, 58, 59, 70, 74, 78, 80, 81, 82, 83, 84, 85, 86, 89, 91, 92, 93, 94, 95, 97, 98, 100, 103,
}  # fmt: skip
SBU = (
    ("s01s02", "s03s04", "s05s02", "s06s04"),
    ("s02s03", "s02s07", "s03s05", "s05s03"),
    ("s01s03", "s01s07", "s07s01", "s07s03"),
    ("s02s01", "s02s06", "s03s02", "s03s06"),
    ("s04s02", "s04s03", "s04s06", "s06s02", "s06s03"),
)
MSR = {
    "msr-as1": (2, 3, 5, 6, 10, 13, 18, 20),  # horizontal arm wave, hammer, forward punch, high throw, hand clap, ...
    "msr-as2": (1, 4, 7, 8, 9, 11, 12, 14),
    "msr-as3": (6, 14, 15, 16, 17, 18, 19, 20),
}


def parted(data, what, protocol, fold=None):
    """The numbers that train and those that test."""
    train, test = split(data, protocol, fold)
    return set(getattr(data, what)[train].tolist()), set(getattr(data, what)[test].tolist())


def test_subjects_and_cameras_of_ntu():
    found = parted(data_of(range(1, 41), classes=60), "subject", "cross-subject")
    assert found == (TRAIN_60, set(range(1, 41)) - TRAIN_60)
    data = data_of([1] * 6, [1, 2, 3, 3, 2, 1], classes=60)
    assert parted(data, "view", "cross-view") == ({2, 3}, {1})


def test_subjects_and_setups_of_ntu_120():
    found = parted(data_of(range(1, 107), classes=120), "subject", "cross-subject-120")
    assert found == (TRAIN_120, set(range(1, 107)) - TRAIN_120) and len(TRAIN_120) == 53
    data = data_of([1] * 32, setups=range(1, 33), classes=120)
    assert parted(data, "setup", "cross-setup") == (set(range(2, 33, 2)), set(range(1, 33, 2)))


@pytest.mark.parametrize("fold", range(1, 6))
def test_pairs_of_sbu(fold):
    numbers = [[10 * int(pair[1:3]) + int(pair[4:6]) for pair in pairs] for pairs in SBU]
    data = data_of(sorted(chain(*numbers)))
    assert folds(data, "sbu") == 5
    train, test = parted(data, "subject", "sbu", fold)
    assert test == set(numbers[fold - 1]) and train == set(chain(*numbers)) - test


def test_subjects_of_the_other_data_sets():
    assert parted(data_of(range(1, 13)), "subject", "mhad") == ({1, 2, 3, 4, 5, 6, 7}, {8, 9, 10, 11, 12})
    assert parted(data_of(range(1, 9)), "subject", "utd-mhad") == ({1, 3, 5, 7}, {2, 4, 6, 8})
    assert parted(data_of(range(1, 11)), "subject", "msr-cross-subject") == ({1, 3, 5, 7, 9}, {2, 4, 6, 8, 10})
    assert parted(data_of([1, 2, 3], [1, 2, 3]), "view", "nw-ucla") == ({1, 2}, {3})


@pytest.mark.parametrize("protocol", MSR)
def test_actions_of_the_parts_of_msr(protocol):
    """Eight of the twenty actions, in their order, under their names."""
    data = data_of([*range(1, 11)] * 20, classes=20, label=np.repeat(np.arange(20), 10))
    kept = restricted(data, protocol)
    assert kept.class_names == tuple(f"act {action}" for action in MSR[protocol])
    assert kept.label.tolist() == np.repeat(np.arange(8), 10).tolist()
    assert kept.name.tolist() == [data.name[n] for n in range(200) if data.label[n] + 1 in MSR[protocol]]
    assert parted(kept, "subject", protocol) == ({1, 3, 5, 7, 9}, {2, 4, 6, 8, 10})


def test_the_thirty_halves_of_sysu_stay_as_they_were_drawn():
    """The data set's authors publish no list: those of this package must not change, or results would."""
    data = data_of(range(1, 41))
    tested = [sorted(parted(data, "subject", "sysu", fold)[1]) for fold in range(1, 31)]
    assert tested[0] == [1, 2, 4, 7, 9, 11, 12, 14, 21, 24, 25, 26, 27, 30, 31, 33, 34, 35, 36, 38]
    assert (
        hashlib.sha256(str(tested).encode()).hexdigest()
        == "1935b82adfda8e80d30a914fb5470049efea28d0fc7418bacad66d6fa850c0bb"
    )


def test_the_rows_of_ctrgcn_are_ordered_as_it_writes_them():
    """Uason-Chen/CTR-GCN, data/ntu/seq_transformation.py and data/ntu120/seq_transformation.py."""
    assert {name: (set(order.train), set(order.test)) for name, order in ORDERS.items()} == {
        "cross-subject": (TRAIN_60, set(range(1, 41)) - TRAIN_60),
        "cross-view": ({2, 3}, {1}),
        "cross-subject of NTU RGB+D 120": (TRAIN_120, set(range(1, 107)) - TRAIN_120),
        "cross-setup": (set(range(2, 33, 2)), set(range(1, 33, 2))),
    }
    assert all(list(part) == sorted(part) for order in ORDERS.values() for part in (order.train, order.test))
