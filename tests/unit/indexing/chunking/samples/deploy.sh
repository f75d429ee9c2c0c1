#!/bin/bash
set -euo pipefail

TARGET=prod
export REGION=eu

# Copies the build.
copy_build() {
  cp -r build "$1"
}

function restart {
  systemctl restart app
}

if [ -n "$DEBUG" ]; then
  trace() {
    set -x
  }
fi

copy_build "$TARGET"
