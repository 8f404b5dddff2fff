"""Prints a docker archive as JSON: a reader that shares no code with what wrote it.

usage: read-archive.py ARCHIVE
{"manifest": …, "config": …, "imageId": …, "members": […],
 "layers": [{"diffId": …, "entries": [{name, type, mode, uid, gid, uname, gname, size, mtime, link, text?}]}]}
`text` is there for small files of the top layer.
"""

import hashlib
import io
import json
import sys
import tarfile

TYPES = {tarfile.REGTYPE: "file", tarfile.AREGTYPE: "file", tarfile.DIRTYPE: "directory",
         tarfile.SYMTYPE: "link", tarfile.LNKTYPE: "hardlink", tarfile.CHRTYPE: "device"}


def entry(layer, member, with_text):
    result = {
        "name": member.name, "type": TYPES.get(member.type, "other"), "mode": member.mode & 0o7777,
        "uid": member.uid, "gid": member.gid, "uname": member.uname, "gname": member.gname,
        "size": member.size, "mtime": member.mtime, "link": member.linkname,
    }
    if with_text and member.isreg() and member.size < 65536:
        result["text"] = layer.extractfile(member).read().decode("utf8", "backslashreplace")
    return result


archive = tarfile.open(sys.argv[1])
manifest = json.load(archive.extractfile("manifest.json"))
config = archive.extractfile(manifest[0]["Config"]).read()
layers = []
for index, name in enumerate(manifest[0]["Layers"]):
    content = archive.extractfile(name).read()
    top = index == len(manifest[0]["Layers"]) - 1
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as layer:
        entries = [entry(layer, member, top) for member in layer]
    layers.append({"diffId": "sha256:" + hashlib.sha256(content).hexdigest(), "entries": entries})

json.dump({
    "manifest": manifest[0],
    "config": json.loads(config),
    "imageId": "sha256:" + hashlib.sha256(config).hexdigest(),
    "members": archive.getnames(),
    "layers": layers,
}, sys.stdout)
