#!/usr/bin/env bash
# python-escpos 3.1: each import makes a folder in the temporary folder, which stays after the process.
#
# Done: three processes import escpos.printer and end, without the setting ESCPOS_CAPABILITIES_PICKLE_DIR and with it.
# Expected: nothing is left behind, or a cache that the next process uses; with the setting, only the folder it names.
# Seen: one new folder each time. Without the setting it has a cache that no other process can find; with it, the folder
#   is empty and still made. A print server that starts a process for each job fills its disk. Remedy: remove
#   escpos.capabilities.pickle_dir after the import, where the setting is not used.
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/v"
"$room/v/bin/pip" -q --disable-pip-version-check install python-escpos==3.1 2>/dev/null
mkdir "$room/without" "$room/with" "$room/cache"
for _ in 1 2 3; do
    TMPDIR="$room/without" "$room/v/bin/python" -c 'import escpos.printer'
    TMPDIR="$room/with" ESCPOS_CAPABILITIES_PICKLE_DIR="$room/cache" "$room/v/bin/python" -c 'import escpos.printer'
done
without=$(find "$room/without" -mindepth 1 -maxdepth 1 -type d | wc -l)
with=$(find "$room/with" -mindepth 1 -maxdepth 1 -type d | wc -l)
echo "folders left by three processes: $without without the setting, $with with it"
[ "$without" = 3 ] && [ "$with" = 3 ]
