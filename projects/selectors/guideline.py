"""A guideline as safe HTML: Markdown without raw HTML, cleaned again, no images."""

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

TAGS = set(
    "p br hr h2 h3 h4 h5 h6 ul ol li blockquote pre code em strong del a table thead tbody tr th td".split()  # noqa: SIM905
)


def guideline_html(markdown: str) -> SafeString:
    """Render Markdown for a page. A first-level heading becomes a second: the page has its own.

    Remote images are left out: nobody's browser asks another machine for anything.
    """
    renderer = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    html = renderer.render(markdown).replace("<h1>", "<h2>").replace("</h1>", "</h2>")
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(clean)  # noqa: S308 - cleaned above
