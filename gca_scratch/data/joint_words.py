"""Names of joints in words: one table of what people call a joint, for every purpose, and how names are read by it."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from ..support.shared import shared_start


class Reading(NamedTuple):
    """What a joint's name tells; what it does not tell is "".

    side: "left" or "right".  part: a key of MIDDLE or SIDED.  limb: "arm" (from the collar on) or "leg" (from the hip
    on).  rank: place of the spelling among those of the part, the best one 0.  number: that at the end of the name,
    else -1.  rest: the name without its side, alike for the two joints of a pair.
    """

    side: str
    part: str
    limb: str
    rank: int
    number: int
    rest: str


# Spellings without separators and capitals, the best one of each part first: of joints in the middle of the body ...
MIDDLE = {
    "pelvis": "hipcenter hipcentre centerhip centrehip midhip hipmid middlehip hipmiddle spinebase basespine "
    "baseofspine baseofthespine pelvis hips hip waist lowerbody 下半身 腰 center centre センター",
    "root": "root 全ての親",
    "torso": "torso trunk",
    "spine": "spine spinemid midspine spinenaval spinenavel navel abdomen ab belly lowerback upperback upperbody "
    "上半身 l5 l3 t12 t8 jl5s1 jl4l3 jl1t12 jt9t8 t10",
    "chest": "upperchest chest spinechest ribcage sternum strn 胸",
    "neck base": "shouldercenter shouldercentre centershoulder centreshoulder midshoulder shouldermid spineshoulder "
    "neckbase baseofneck jt1c7 thorax",
    "neck": "neck 首 lowerneck upperneck",
    "head": "head 頭 headcenter jc1head",
    "head top": "headtop topofhead headtopend headend",
    "nose": "nose 鼻",
    "jaw": "jaw chin あご",
    "back": "c7 clav rbak back",  # markers on the skin; the one on the right shoulder blade has no other beside it
}
# ... and of those of one side. Where a bone is named, its joint is where it begins.
SIDED = {
    "collar": "collar clavicle collarbone clav scapula",
    "shoulder": "shoulder shoulderjoint shldr sjc sho acromion 肩 uparm upperarm uarm humerus arm 腕",
    "upper arm": "upa",
    "elbow": "elbow elb ejc ひじ 肘 forearm lowerarm lowarm farm radius ulna",
    "forearm": "frm",
    "wrist": "wrist wri wjc 手首 wra wrb",
    "hand": "hand palm 手 fin",
    "hand tip": "handtip fingertip fingers",
    "finger base": "fingerbase",
    "finger": "finger",
    "thumb": "thumb handthumb 親指",
    "index": "index handindex indexfinger fingerindex 人指 人差指",
    "middle": "middle handmiddle middlefinger fingermiddle 中指",
    "ring": "ring handring ringfinger fingerring 薬指",
    "pinky": "pinky handpinky pinkie little handlittle littlefinger smallfinger 小指",
    "hip": "hip hips upleg upperleg thigh femur hjc asi asis 足 hipjoint",
    "back of the hip": "psi psis",
    "thigh": "thi",
    "knee": "knee kne kjc ひざ 膝 leg lowerleg lowleg shin calf tibia shank",
    "shin": "tib",
    "ankle": "ankle ank ajc 足首 talus",
    "foot": "foot",
    "heel": "heel hee かかと calcn calcaneus",
    "toe": "toe toebase toes bigtoe footindex ball hallux hlx つま先 足先ex metatarsals",
    "small toe": "smalltoe littletoe",
    "eye": "eye 目",
    "inner eye": "eyeinner innereye",
    "outer eye": "eyeouter outereye",
    "ear": "ear 耳",
    "mouth": "mouth",
    "front of the head": "fhd",
    "back of the head": "bhd",
}
FINGERS = ("finger base", "finger", "thumb", "index", "middle", "ring", "pinky")
ARM = ("collar", "shoulder", "upper arm", "elbow", "forearm", "wrist", "hand", "hand tip", *FINGERS)
LEG = ("hip", "back of the hip", "thigh", "knee", "shin", "ankle", "foot", "heel", "toe", "small toe")

_PLAIN_SHOULDER = ("shoulder", "shldr", "肩")  # the collar bone in skeletons that name the upper arm as well
_UPPER_ARM = ("uparm", "upperarm", "uarm", "humerus", "arm", "腕")
_FOREARM = ("forearm", "lowerarm", "lowarm", "farm", "radius", "ulna")
_SHIN = ("leg", "lowerleg", "lowleg", "shin", "calf", "tibia", "shank")

# What tells the limb of a joint that is none of these parts, such as "LeftForeArmRoll".
_TELLING = {
    "arm": "shoulder shldr arm elbow wrist hand palm thumb finger collar clavicle humerus acromi 腕 手 肩 ひじ 指",
    "leg": "hip buttock leg thigh knee shin shank calf ankle foot heel toe femur tibia calcan metatars 足 ひざ つま先",
}
_SIDES = {"left": "left", "right": "right", "l": "left", "r": "right", "lt": "left", "rt": "right"}
_WITHIN = {"left": "left", "right": "right", "左": "left", "右": "right"}  # "lefthand", "handright", "左足"
_SILENT = "j jt jnt joint jointtype bone bip biped valvebiped mixamorig def org rig xn skel avg c m f sec adj"
_BONE_OF_A_FINGER = re.compile("(metacarpal|proximal|intermediate|distal)$")  # "leftIndexDistal"
_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_A-Za-z]+")


def _by_spelling(table):
    return {word: (part, rank) for part, words in table.items() for rank, word in enumerate(words.split())}


_IN_THE_MIDDLE, _OF_ONE_SIDE = _by_spelling(MIDDLE), _by_spelling(SIDED)
_LIMBS = {limb: words.split() for limb, words in _TELLING.items()}
_NOISE = frozenset(_SILENT.split())  # words that tell nothing


def readings(joint_names: Sequence[str]) -> tuple[Reading, ...]:
    """What the names of all joints of a skeleton tell, in their order.

    A name is read beside the others: "LeftShoulder" is the collar where there is a "LeftArm", which is the shoulder;
    "LeftHand" is the wrist, and "LeftFoot" the ankle, in skeletons that name bones. Any text is a name.
    """
    return _readings(tuple(map(str, joint_names)))


@lru_cache(maxsize=64)
def _readings(names):
    start = _shared_start(names)
    found = [_alone(name, start) for name in names]
    _pair_by_first_letter(found, names)
    for side in ("left", "right"):
        _in_context(found, side)
    return tuple(reading for reading, _ in found)


def tokens(name: str) -> list[str]:
    """The words and numbers of a name in lower case: "LHandTip_1" gives l, hand, tip, 1."""
    return [token.lower() for token in _TOKEN.findall(unicodedata.normalize("NFKC", name))]


def _shared_start(names):
    """The length of the prefix that all names share, "Character1_", and that tells nothing."""
    prefix = names[0][: shared_start(names)] if len(names) > 1 else ""
    while prefix and (prefix[-1].isalnum()):
        prefix = prefix[:-1]
    telling = any(word in _SIDES or _part(word) for word in tokens(prefix))
    return 0 if telling else len(prefix)


def _alone(name, start):
    """(Reading, spelling) of one name by itself; the spelling is that of the table, where it has it."""
    every = tokens(name)
    words = tokens(re.split("[:|]", name[start:])[-1]) or every
    while len(words) > 1 and words[0].isdigit():
        words = words[1:]
    plain = _without_noise(words)
    for spelled in ("".join(words), "".join(plain)):
        if spelled in _IN_THE_MIDDLE or spelled in _OF_ONE_SIDE:
            return _reading("", spelled, "".join(every))
    side, words = _side_and_rest(words)
    if side:
        whole = "".join(words)  # "LHipJoint" is no "LHip"
        spelled = whole if whole in _OF_ONE_SIDE else "".join(_without_noise(words))
        return _reading(side, spelled, "".join(_side_and_rest(every)[1]))
    spelled = "".join(plain)
    bare = spelled.rstrip("0123456789")
    if not _part(spelled):
        for letter, rest in ((bare[:1], bare[1:]), (bare[-1:], bare[:-1])):  # "lfemur", "handr"
            if letter in ("l", "r") and rest in _OF_ONE_SIDE:
                return _reading(_SIDES[letter], rest + spelled[len(bare) :], rest + spelled[len(bare) :])
    return _reading("", spelled, "".join(every))


def _without_noise(words):
    kept, noise = [], False
    for word in words:
        noise = word in _NOISE or (noise and word.isdigit())  # and the number after it, as in "Bip01"
        if not noise:
            kept.append(word)
    return kept or words


def _side_and_rest(words):
    """The side that the words name, if they name one alone, and the words without it."""
    sides = {_SIDES[word] for word in words if word in _SIDES}
    if sides:
        return (sides.pop(), [word for word in words if word not in _SIDES]) if len(sides) == 1 else ("", words)
    for place, word in enumerate(words):
        for text, side in _WITHIN.items():
            rest = word.removeprefix(text)
            rest = word.removesuffix(text) if rest == word else rest
            if rest != word:
                return side, words[:place] + [rest] * bool(rest) + words[place + 1 :]
    return "", words


def _part(spelled, side=""):
    """(part, rank) of a spelling, with or without a number at its end, or None."""
    for word in (spelled, spelled.rstrip("0123456789")):
        for table in (_OF_ONE_SIDE,) if side else (_IN_THE_MIDDLE, _OF_ONE_SIDE):
            if word in table:
                return table[word]
    found = _OF_ONE_SIDE.get(_BONE_OF_A_FINGER.sub("", spelled))
    return found if found and found[0] in FINGERS else None


def _reading(side, spelled, rest):
    part, rank = _part(spelled, side) or ("", 0)
    bare = spelled.rstrip("0123456789")
    whole = spelled == bare or spelled in _IN_THE_MIDDLE
    number = int(spelled[len(bare) :][:9]) if part and not whole else -1
    return Reading(side, part, _limb(part, rest), rank, number, rest), bare


def _limb(part, rest):
    if part:
        return "arm" if part in ARM else "leg" if part in LEG else ""
    for limb, words in _LIMBS.items():
        if any(word in rest for word in words):
            return limb
    return ""


def _pair_by_first_letter(found, names):
    """Give sides to names that nobody can read but that come in pairs, such as "LABC" and "RABC"; in place."""
    unread = {"".join(tokens(names[n])): n for n, (it, _) in enumerate(found) if not it.side and not it.part}
    for text, joint in unread.items():
        other = {"l": "r", "r": "l"}.get(text[:1])
        if other and len(text) > 1 and other + text[1:] in unread:
            found[joint] = _reading(_SIDES[text[0]], text[1:], text[1:])


def _in_context(found, side):
    """Read again what depends on the other joints of the side; in place."""
    at = [n for n, (it, _) in enumerate(found) if it.side == side]
    parts, spelled = {found[n][0].part for n in at}, {found[n][1] for n in at}
    knees = {found[n][1] for n in at if found[n][0].part == "knee"}
    for n in at:
        it, word = found[n]
        part = it.part
        if word in _PLAIN_SHOULDER and spelled.intersection(_UPPER_ARM):
            part = "collar"
        elif word == "leg" and len(knees) > 1:
            part = "hip"
        elif word == "hand" and "wrist" not in parts and (spelled.intersection(_FOREARM) or parts & {*FINGERS}):
            part = "wrist"
        elif word == "foot" and "ankle" not in parts and (spelled.intersection(_SHIN) or "toe" in parts):
            part = "ankle"
        found[n] = it._replace(part=part), word
