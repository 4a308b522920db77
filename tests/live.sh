#!/usr/bin/env bash
# A live run over a network of its own: real MCP conversations, and each session that umbratap tells is one that client and
# server told. See live/conversations.py.
#
# usage: live.sh UMBRATAP
#
# Needs root, the MCP SDK (npm install in tests/middleboxes), and tools; what is missing is named with 'skipped: ', status 77.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
for tool in ip node openssl ethtool; do
    command -v $tool >/dev/null || { echo "skipped: $tool: not installed"; exit 77; }
done
[ -d "$here/middleboxes/node_modules/@modelcontextprotocol/sdk" ] ||
    { echo 'skipped: the MCP SDK: not in tests/middleboxes/node_modules (npm install)'; exit 77; }
export NODE_NO_WARNINGS=1 PYTHONDONTWRITEBYTECODE=1
exec "$here/live/conversations.py" "$1"
