"""Settings of the documentation site: ``make docs`` writes it to ``docs/_build``."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import reference  # noqa: E402

from edgeood.version import __version__  # noqa: E402

project = "edgeood"
author = "the edgeood authors"
copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"edgeood {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
# Files of the repository that pages link to and that are no pages: recipes, results, headers.
myst_url_schemes = ("http", "https", "mailto")

autodoc_member_order = "bysource"
add_module_names = False
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 100

# A reader copies commands, not prompts and not what they print.
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

nitpicky = True
# Other packages' names are links nowhere: the build needs no network.
# Bounded types of recipes are written with their checks, which are nobody else's to call.
nitpick_ignore_regex = [
    (r"py:.*", r"(?!edgeood\.).*"),
    (r"py:class", r".*\.(Model|Result|Annotated)"),
    (r"py:class", r"edgeood\.recipe\.\w+\._\w+"),
]


def setup(app):
    """Write the generated pages, and read docstrings as the code writes them."""
    reference.setup(app)
