"""The same sequences of NTU RGB+D as .skeleton files and as PYSKL, CTR-GCN, ST-GCN and 2s-AGCN pack them.

Written to what those packages do, without what they do about noise: bodies are few here, and every frame shows one.
"""

import pickle

import numpy as np

FRAMES = 300


def bodies_of(path):
    """Of a .skeleton file, for each frame the bodies in the order of their lines: (number, float32 (25, 3))."""
    lines = iter(path.read_text("ascii").split("\n"))
    frames = []
    for _ in range(int(next(lines))):
        frames.append([])
        for _ in range(int(next(lines))):
            number = next(lines).split()[0]
            joints = [next(lines).split()[:3] for _ in range(int(next(lines)))]
            frames[-1].append((number, np.array(joints, np.float32)))
    return frames


def by_motion(frames):
    """Float32 (persons, frames, 25, 3): one or two bodies, those that move most first; zeros where one is not there."""
    numbers = {number: None for frame in frames for number, _ in frame}
    tracks = np.zeros((len(numbers), len(frames), 25, 3), np.float32)
    motion = []
    for track, number in zip(tracks, numbers, strict=True):
        for t, frame in enumerate(frames):
            track[t] = dict(frame).get(number, 0)
        motion.append(track[track.any(axis=(1, 2))].var(axis=0).sum())
    return tracks[np.argsort(motion)[::-1]][:2]


def annotation(name, frames, dtype=np.float16):
    """PYSKL's."""
    joints = by_motion(frames).astype(dtype)
    return {"frame_dir": name, "label": int(name[-3:]) - 1, "keypoint": joints, "total_frames": joints.shape[1]}


def ctrgcn_row(frames, copied=False):
    """CTR-GCN's, float32 (300, 150): centred on joint 2 of the first person; that of NTU120 copies who is alone."""
    joints = by_motion(frames)
    there = joints.any(axis=(2, 3), keepdims=True)
    joints = (joints - joints[0, np.argmax(there[0]), 1]) * there
    joints = np.concatenate([joints, joints if copied else np.zeros_like(joints)])[:2]
    row = np.zeros((FRAMES, 150), np.float32)
    row[: len(frames)] = joints.transpose(1, 0, 2, 3).reshape(len(frames), 150)
    return row


def one_hot(labels, count):
    return np.eye(count)[labels]


def stgcn_row(frames):
    """ST-GCN's, float32 (3, 300, 25, 2): the first two bodies of each frame."""
    row = np.zeros((3, FRAMES, 25, 2), np.float32)
    for t, frame in enumerate(frames):
        for person, (_, joints) in enumerate(frame[:2]):
            row[:, t, :, person] = joints.T
    return row


def agcn_row(frames):
    """2s-AGCN's: centred in each frame, spine up z, shoulders along x, and repeated up to 300 frames."""
    joints = by_motion(frames)
    joints = np.concatenate([joints, np.zeros_like(joints)])[:2].astype(np.float64)
    there = joints.any(axis=(2, 3), keepdims=True)
    repeats = -(-FRAMES // len(frames))
    joints = (np.tile((joints - joints[:1, :, 1:2]) * there, (1, repeats, 1, 1)))[:, :FRAMES]
    joints = joints @ _turn(joints[0, 0, 1] - joints[0, 0, 0], (0, 0, 1)).T
    joints = joints @ _turn(joints[0, 0, 4] - joints[0, 0, 8], (1, 0, 0)).T
    return joints.transpose(3, 1, 2, 0).astype(np.float32)


def _turn(vector, onto):
    """The rotation (3, 3) that turns a vector onto an axis by the shortest way (Rodrigues)."""
    vector, onto = vector / max(np.linalg.norm(vector), 1e-12), np.array(onto, float)
    axis, cosine = np.cross(vector, onto), vector @ onto
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + cross + cross @ cross / (1 + cosine)


def write_stgcn(folder, names, rows, part="train", data="data"):
    """PART_data.npy and PART_label.pkl."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / f"{part}_{data}.npy", np.stack(rows))
    labels = ([f"{name}.skeleton" for name in names], [int(name[-3:]) - 1 for name in names])
    (folder / f"{part}_label.pkl").write_bytes(pickle.dumps(labels))
