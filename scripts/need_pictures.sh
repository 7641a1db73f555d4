#!/bin/sh
# The first stage of dvc.yaml: in a fresh clone it says what comes before `dvc repro`.
test -f data/candidates.parquet && exit 0
echo 'no pictures yet: run `wreck scrape LIST` first (then `wreck labels import LIST`, then `dvc repro`)' >&2
exit 2
