"""Writes the tar of a layer by dockerTools' rules, with CPython's tarfile alone: an oracle that
shares no code with what it checks (reference: dockertools-wire-format, section 3).

usage: cpython-layer.py < SPEC > LAYER
SPEC is JSON: {"parents": […], "trees": [{"at": …, "from": …}], "common": {uid, gid, uname, gname, mtime}}.
Names in it have one character per byte.
"""

import json
import os
import stat
import sys
import tarfile
from pathlib import Path


def name_of(byte_string):
    return os.fsdecode(byte_string.encode("latin1"))


def described(name, common):
    info = tarfile.TarInfo(name)
    for field in ("uid", "gid", "mtime"):
        setattr(info, field, common[field])
    for field in ("uname", "gname"):
        setattr(info, field, common[field])
    return info


def add(tar, path, name, common):
    status = os.lstat(path)
    info = described(name, common)
    info.mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISLNK(status.st_mode):
        info.type = tarfile.SYMTYPE
        info.linkname = os.readlink(path)
        tar.addfile(info)
    elif stat.S_ISDIR(status.st_mode):
        info.type = tarfile.DIRTYPE
        tar.addfile(info)
    else:
        info.size = status.st_size
        with open(path, "rb") as content:
            tar.addfile(info, content)


spec = json.load(sys.stdin)
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as tar:
    for parent in spec["parents"]:
        directory = described(name_of(parent), spec["common"])
        directory.type = tarfile.DIRTYPE
        directory.mode = 0o755
        tar.addfile(directory)
    for tree in spec["trees"]:
        root = Path(name_of(tree["from"]))
        # Not rglob, which in older versions stumbles over links whose targets are too long.
        walk = [] if root.is_symlink() else os.walk(root)
        below = [Path(folder, name) for folder, folders, files in walk for name in folders + files]
        for path in sorted([root, *below]):
            rest = str(path)[len(str(root)):]
            add(tar, path, name_of(tree["at"]) + rest, spec["common"])
