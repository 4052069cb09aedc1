"""Configuration of Sphinx for the documentation site, which ``website/site_build.py`` builds."""

from __future__ import annotations

import os

project = "agenthost"
author = "The authors of agenthost"
version = release = os.environ["SITE_VERSION"]
html_title = f"agenthost {version}"
html_show_copyright = False

extensions = ["myst_parser"]
root_doc = "index"
source_suffix = {".md": "markdown"}
nitpicky = True

myst_heading_anchors = 4  # the levels that pages link to, with the anchors that GitHub makes
myst_links_external_new_tab = False

html_theme = "furo"
html_favicon = "static/icon.svg"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
templates_path = ["templates"]
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/version.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
html_theme_options = {"top_of_page_buttons": []}
html_copy_source = False  # site_build.py puts each page's Markdown beside it
html_show_sourcelink = False
html_use_index = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
