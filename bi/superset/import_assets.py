"""Import the files in assets/ over what is there, all of them or none.

`superset import-directory` does the same, but ends well after an error.
"""

# ruff: noqa: PLC0415 - Superset's own modules can be imported once there is an application.

import sys
from pathlib import Path

from superset.app import create_app

ASSETS = Path(__file__).parent / "assets"


def main() -> None:
    """As the administrator; ends with 1 and one sentence if a file is wrong."""
    with create_app().app_context():
        from superset import security_manager
        from superset.commands.exceptions import CommandException, CommandInvalidError
        from superset.commands.importers.v1.assets import ImportAssetsCommand
        from superset.utils.core import override_user

        files = {str(path.relative_to(ASSETS)): path.read_text(encoding="utf-8") for path in ASSETS.rglob("*.yaml")}
        try:
            with override_user(security_manager.find_user("admin")):
                ImportAssetsCommand(files).run()
        except CommandInvalidError as wrong:
            sys.exit(f"error: {ASSETS} was not imported: {wrong.normalized_messages()}")
        except CommandException as wrong:
            sys.exit(f"error: {ASSETS} was not imported: {wrong.__cause__ or wrong}")
    print(f"Imported {len(files)} files of {ASSETS}.")


if __name__ == "__main__":
    main()
