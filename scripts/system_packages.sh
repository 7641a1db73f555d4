#!/usr/bin/env bash
# Installs what OpenCV, a labelling window and the browser tests need from the system (Debian, Ubuntu).
# It does nothing when all is there, and only says what is missing when it may not install.
set -euo pipefail

packages=(libgl1 libglib2.0-0 libxcb1 libx11-6 libxext6 libsm6 libice6 fonts-dejavu-core
          xvfb xdotool openbox imagemagick chromium chromium-driver)

if ! command -v dpkg-query >/dev/null; then
    echo "system packages: not a Debian system; install the equivalents of: ${packages[*]}" >&2
    exit 0
fi

missing=()
for package in "${packages[@]}"; do
    # Newer releases rename some libraries (libglib2.0-0t64) and keep the old name as provided.
    state=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" "${package}t64" 2>/dev/null || true)
    [[ $state == *ii* ]] || missing+=("$package")
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

if [[ $(id -u) -ne 0 ]]; then
    echo "system packages: missing ${missing[*]}; as root: apt-get install ${missing[*]}" >&2
    exit 0
fi

echo "system packages: installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# Without one of them the rest still serves: tests that need the missing one say so and are skipped.
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null \
    || echo "system packages: could not install all of ${missing[*]}" >&2
