#!/usr/bin/env python3
"""Makes an image out of files, without a container engine.

    image.py ARCHIVE NAME CONFIG ROOT     CONFIG is the image's "config" as JSON, ROOT a folder

The archive is one that `docker load` and `ctr images import` read.
"""
import hashlib
import io
import json
import sys
import tarfile


def add(archive, name, content):
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def main(path, name, config, root):
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        archive.add(root, ".")
    layer = layer.getvalue()
    digest = hashlib.sha256(layer).hexdigest()
    description = json.dumps({
        "architecture": "amd64", "os": "linux", "created": "1970-01-01T00:00:00Z",
        "config": json.loads(config), "history": [{"created": "1970-01-01T00:00:00Z"}],
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]}}).encode()
    described = hashlib.sha256(description).hexdigest() + ".json"
    manifest = [{"Config": described, "RepoTags": [name], "Layers": [f"{digest}/layer.tar"]}]
    with tarfile.open(path, "w") as archive:
        add(archive, f"{digest}/layer.tar", layer)
        add(archive, described, description)
        add(archive, "manifest.json", json.dumps(manifest).encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
