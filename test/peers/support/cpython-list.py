"""Lists a tar with CPython's tarfile, as JSON: [{name, type, mode, size, link, sha256}].

usage: cpython-list.py < TAR
Names have one character per byte and no slash at either end.
"""

import hashlib
import json
import os
import sys
import tarfile

TYPES = {tarfile.REGTYPE: "file", tarfile.DIRTYPE: "directory", tarfile.SYMTYPE: "symlink"}


def byte_string(name):
    return os.fsencode(name).decode("latin1")


entries = []
with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as tar:
    for member in tar:
        entry = {
            "name": byte_string(member.name).strip("/"),
            "type": TYPES.get(member.type, "other"),
            "mode": member.mode & 0o7777,
            "size": member.size,
            "link": byte_string(member.linkname),
        }
        if member.isreg():
            entry["sha256"] = hashlib.sha256(tar.extractfile(member).read()).hexdigest()
        entries.append(entry)
json.dump(entries, sys.stdout)
