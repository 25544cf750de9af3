"""How Sphinx makes build/docs; nothing is fetched, a warning is an error."""

import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import from_code

project = "shiftwire"
author = "the shiftwire authors"
copyright = "the shiftwire authors; Apache-2.0"  # noqa: A001 - Sphinx's word

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["generated/*.inc"]
toc_object_entries = False
html_theme = "furo"
html_title = "shiftwire"

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_default_options = {"members": True, "show-inheritance": True, "ignore-module-all": True}
warnings.filterwarnings("ignore", message="pkg_resources is deprecated")  # what pynqutils imports


def setup(app: object) -> None:
    from_code.setup(app)
