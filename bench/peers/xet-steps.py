"""One step of hf-xet with a folder as its endpoint: xet-steps.py STEP STORE INDEX FOLDER

The index is ours: the digest and size of each path, for xet knows single files only. SHA-256 is skipped and telemetry is off.
"""

import json
import os
import sys

import hf_xet

step, store, index, folder = sys.argv[1:5]
session = hf_xet.XetSession(hf_xet.XetConfig().with_config("telemetry.enabled", False))
endpoint = f"local://{store}"
if step == "add":
    handles = {}
    with session.new_upload_commit(endpoint=endpoint) as commit:
        for above, _, names in os.walk(folder):
            for name in names:
                file = os.path.join(above, name)
                handles[os.path.relpath(file, folder)] = commit.start_upload_file(file, sha256=hf_xet.SKIP_SHA256)
    infos = {path: handle.result().xet_info for path, handle in handles.items()}
    with open(index, "w") as out:
        json.dump({path: [info.hash, info.file_size] for path, info in infos.items()}, out)
elif step == "restore":
    with open(index) as file:
        entries = json.load(file)
    with session.new_file_download_group(endpoint=endpoint) as group:
        for path, (digest, size) in entries.items():
            target = os.path.join(folder, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            group.start_download_file(hf_xet.XetFileInfo(digest, size), target)
