#!/usr/bin/env bash
# Makes a Superset ready, whatever is there of it: its tables, its roles, an administrator, and the dashboard as the
# files in assets/ have it. It can be run again: changes that were made in the browser to what is in the files are undone.
set -euo pipefail
cd "$(dirname "$0")"

for name in SUPERSET_SECRET_KEY SUPERSET_ADMIN_PASSWORD SUPERSET_DATABASE_PASSWORD; do
    if [ -z "${!name:-}" ]; then
        echo "error: $name is not set; copy bi/superset/env.example to .env and give it a value there." >&2
        exit 2
    fi
done

superset db upgrade
superset init
# Who is there keeps everything but the password.
superset fab create-admin --username admin --firstname Superset --lastname Admin --email admin@localhost \
    --password "$SUPERSET_ADMIN_PASSWORD"
superset fab reset-password --username admin --password "$SUPERSET_ADMIN_PASSWORD"
python import_assets.py
