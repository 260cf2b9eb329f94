"""docs/webcam.md: its script runs as it stands, with stand-ins for the camera and MediaPipe, and its files are read."""

import json
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from gca_scratch.commands.main import main
from gca_scratch.data import neutral
from gca_scratch.data.readers import mediapipe
from gca_scratch.data.readers.recording import Options

DOCS = Path(__file__).parents[1] / "docs"
TEXT = (DOCS / "webcam.md").read_text("utf-8")
(SCRIPT,) = re.findall(r"^```py\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^python -m gca_scratch .*$", TEXT, re.MULTILINE)
SIZE = 8


class Camera:
    """Twelve pictures, 25 a second; the number of each is in its pixels."""

    def __init__(self, source):
        self.source, self.read_so_far = source, 0

    def get(self, key):
        return 25.0 if key == "fps" else 0.0

    def read(self):
        self.read_so_far += 1
        there = self.read_so_far <= 12
        return there, np.full((SIZE, SIZE, 3), self.read_so_far, np.uint8) if there else None

    def release(self):
        self.source = None


class Landmarker:
    """Sees nobody in the first picture, and then one person who moves."""

    def __enter__(self):
        self.times = []
        return self

    def __exit__(self, *error):
        pass

    def detect_for_video(self, image, timestamp_ms):
        assert type(timestamp_ms) is int and (not self.times or timestamp_ms > self.times[-1])
        self.times.append(timestamp_ms)
        number = int(image.data[0, 0, 0])
        places = np.random.default_rng(0).uniform(-0.5, 0.5, (33, 3)) + 0.01 * number
        places[24] = -places[23]
        person = [
            SimpleNamespace(x=x, y=y, z=z, visibility=0.9, presence=0.9, name=None) for x, y, z in places.tolist()
        ]
        return SimpleNamespace(pose_landmarks=[], pose_world_landmarks=[] if number == 1 else [person])


def film(monkeypatch, folder, *arguments):
    """Run the page's script in the folder, with modules that answer as those of mediapipe 1.2.2 and OpenCV do."""
    asked = []
    vision = ModuleType("mediapipe.tasks.python.vision")
    vision.PoseLandmarkerOptions = lambda base_options, running_mode: (base_options, running_mode)
    vision.RunningMode = SimpleNamespace(VIDEO="video")
    vision.PoseLandmarker = SimpleNamespace(create_from_options=lambda options: asked.append(options) or Landmarker())
    python = ModuleType("mediapipe.tasks.python")
    python.vision = vision
    mp = ModuleType("mediapipe")
    mp.tasks = SimpleNamespace(BaseOptions=lambda model_asset_path: model_asset_path, python=python)
    mp.ImageFormat = SimpleNamespace(SRGB="srgb")
    mp.Image = lambda image_format, data: SimpleNamespace(data=data)
    cv2 = ModuleType("cv2")
    cv2.VideoCapture, cv2.CAP_PROP_FPS, cv2.COLOR_BGR2RGB = Camera, "fps", "rgb"
    cv2.cvtColor = lambda picture, code: np.ascontiguousarray(picture[:, :, ::-1])
    modules = {"cv2": cv2, "mediapipe": mp, "mediapipe.tasks": ModuleType("mediapipe.tasks")}
    for name, module in (modules | {"mediapipe.tasks.python": python, vision.__name__: vision}).items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(sys, "argv", ["record.py", *arguments])
    monkeypatch.setattr("builtins.input", lambda prompt: "")
    monkeypatch.chdir(folder)
    exec(compile(SCRIPT, "record.py", "exec"), {"__name__": "__main__"})
    assert asked and all(options == ("pose_landmarker_full.task", "video") for options in asked)


def test_the_script_reads_a_video_and_what_it_writes_is_read(tmp_path, monkeypatch, capsys):
    film(monkeypatch, tmp_path, "wave", "anna", "--source", "clips/one.avi")
    assert "12 frames, somebody in 11" in capsys.readouterr().out
    path = tmp_path / "recordings/wave/anna_one_01.json"
    assert json.loads(path.read_text())["frames"][1]["timestamp_ms"] == 40
    found = mediapipe.open_collection(tmp_path / "recordings")
    assert found.class_names == ("wave",) and found.meaning.rate.value == "25"
    joints = mediapipe.read_item(found.items[0]).joints
    assert joints.shape == (12, 1, 35, 3) and (joints[0] == 0).all() and np.isfinite(joints).all()


def test_the_script_films_several_takes(tmp_path, monkeypatch):
    ticks = iter(range(10_000))
    monkeypatch.setattr("time.monotonic", lambda: next(ticks) / 10)
    film(monkeypatch, tmp_path, "wave", "anna", "--takes", "2", "--seconds", "0.5", "--out", "asked")
    files = sorted((tmp_path / "asked/wave").iterdir())
    assert [file.name for file in files] == ["anna_0_01.json", "anna_0_02.json"]
    assert [len(json.loads(file.read_text())["frames"]) for file in files] == [5, 5]


def test_the_page_converts_what_was_filmed(tmp_path, monkeypatch):
    for label in ("wave", "bow"):
        for subject in ("anna", "ben"):
            film(monkeypatch, tmp_path, label, subject, "--source", "one.avi")
    (convert,) = (command for command in COMMANDS if " convert " in command)
    assert main(convert.split()[3:]) in (0, None)
    data = neutral.load(tmp_path / "gestures.npz")
    assert data.class_names == ("bow", "wave") and data.subject.tolist() == [1, 2, 1, 2]


def test_the_file_that_the_page_shows_is_that_of_the_script(tmp_path):
    (shown,) = re.findall(r"^```json\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    joint = re.search(r'\{"x"[^}]*\}', shown)[0]
    whole = shown.replace(f"{joint}, ...", ", ".join([joint.replace("0.01", "0").replace("-0.62", "0")] * 33))
    (tmp_path / "1.json").write_text(whole.replace("}, ...]}", "}]}"))
    found = mediapipe.open_collection(tmp_path / "1.json", Options(labelled=False))
    assert mediapipe.read_item(found.items[0]).joints.shape == (1, 1, 35, 3) and found.class_names == ("wave",)


@pytest.mark.parametrize("page", ["webcam.md", "ntu-as.md"])
def test_the_options_of_the_pages_commands_exist(page, capsys):
    for command in re.findall(r"^python -m gca_scratch (.*)$", (DOCS / page).read_text("utf-8"), re.MULTILINE):
        name, *words = command.split()
        with pytest.raises(SystemExit):
            main([name, "--help"])
        known = capsys.readouterr().out
        assert all(word in known for word in words if word.startswith("--")), command


def test_both_pages_are_in_the_index():
    assert {"webcam", "ntu-as"} <= set((DOCS / "index.md").read_text("utf-8").split())
