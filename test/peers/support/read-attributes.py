"""Prints a tar's members as JSON: a reader that shares no code with what wrote it.

usage: read-attributes.py < TAR
[{name, type, mode, uid, gid, uname, gname, link, xattrs: {name: hex}}]
"""

import json
import sys
import tarfile

PREFIX = "SCHILY.xattr."
TYPES = {tarfile.REGTYPE: "file", tarfile.DIRTYPE: "directory", tarfile.SYMTYPE: "symlink"}

with tarfile.open(fileobj=sys.stdin.buffer, mode="r|", errors="surrogateescape") as tar:
    json.dump([{
        "name": member.name, "type": TYPES.get(member.type, "other"), "mode": member.mode,
        "uid": member.uid, "gid": member.gid, "uname": member.uname, "gname": member.gname,
        "link": member.linkname,
        "xattrs": {key[len(PREFIX):]: value.encode("utf8", "surrogateescape").hex()
                   for key, value in member.pax_headers.items() if key.startswith(PREFIX)},
    } for member in tar], sys.stdout)
