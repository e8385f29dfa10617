"""Writes the YAML file IN as JSON to OUT. Usage: yaml_to_json.py IN OUT. Needs python3-yaml."""
import json
import sys

import yaml

with open(sys.argv[1], encoding="utf-8") as source:
    document = yaml.safe_load(source)
with open(sys.argv[2], "w", encoding="ascii") as target:
    json.dump(document, target, separators=(",", ":"))
