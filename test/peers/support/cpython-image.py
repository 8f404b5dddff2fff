"""Answers questions about CPython's own wording, one JSON value a line in, one out.

usage: cpython-image.py < QUESTIONS
{"json": TEXT}        → json.dumps(json.loads(TEXT), indent=4)
{"repr": [TEXT, …]}   → repr of the list
{"date": TEXT}        → [isoformat, whole seconds], or null when it is none
{"points": TEXT}      → code points of the name whose bytes the text's characters are
{"config": {conf, base, paths, diffIds}} → the config that dockerTools' script writes
                        (reference: dockertools-wire-format, sections 4 and 6)
"""

import json
import os
import sys
from datetime import datetime, timezone


def date(text):
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=timezone.utc)
    return [parsed.isoformat(), int(parsed.timestamp())]


def with_base(config, base):
    environment = base.get("Env", []) + config.get("Env", [])
    if environment:
        config["Env"] = list({entry.split("=", 1)[0]: entry for entry in environment}.values())
    return config


def config(question):
    conf = question["conf"]
    created = datetime.fromisoformat(conf["created"]).isoformat()
    own = conf["config"] if question["base"] is None else with_base(conf["config"], question["base"])
    image = {
        "created": created,
        "architecture": conf["architecture"],
        "os": "linux",
        "config": own,
        "rootfs": {"diff_ids": question["diffIds"], "type": "layers"},
        "history": [
            {"created": created, "comment": f"store paths: {paths}"} for paths in question["paths"]
        ],
    }
    return json.dumps(image, indent=4)


ANSWERS = {
    "json": lambda text: json.dumps(json.loads(text), indent=4),
    "repr": repr,
    "date": date,
    "points": lambda text: [ord(character) for character in os.fsdecode(text.encode("latin1"))],
    "config": config,
}

for line in sys.stdin.buffer:
    [(kind, question)] = json.loads(line).items()
    print(json.dumps(ANSWERS[kind](question)))
