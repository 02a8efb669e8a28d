"""The book in a real browser: every page, at the width of a desk and of a phone, in light and in dark."""

import functools
import http.server
import shutil
import threading
from contextlib import contextmanager

import pytest

from polystilts import paths
from polystilts.pipeline import book
from polystilts.pipeline.chapters import CHAPTERS

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Flags that keep the browser itself from asking its makers for anything.
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update")  # fmt: skip
WIDTHS, HEIGHT = {"phone": 390, "desk": 1280}, 900

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not BROWSER, reason="no Chromium here: install it to see the book as a reader does"),
    pytest.mark.filterwarnings("ignore:.*is deprecated. Check CHANGES for Sphinx"),
]


class Silent(http.server.SimpleHTTPRequestHandler):
    """A server that keeps its log to itself."""

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The book of the committed study, bound anew."""
    target = tmp_path_factory.mktemp("demo") / "book"
    folder = paths.OUTPUTS / "demo"
    chapters = [folder / "chapters" / f"{chapter.name}.ipynb" for chapter in CHAPTERS]
    assert book.bind("demo", chapters, folder / "summary.md", target) == [], "Sphinx warns of something"
    return target


@pytest.fixture(scope="module")
def address(site):
    """The book as a web site on this machine."""
    handler = functools.partial(Silent, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=BROWSER, args=list(QUIET))
        yield opened
        opened.close()


@contextmanager
def window(address, browser):
    """A window on the book, which keeps what went wrong in it."""
    wrong = []
    page = browser.new_page(viewport={"width": WIDTHS["desk"], "height": HEIGHT})
    page.on("console", lambda message: message.type == "error" and wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: asked.url.startswith((address, "data:")) or wrong.append(asked.url))
    page.on("response", lambda got: got.status >= 400 and wrong.append(f"{got.status} {got.url}"))
    page.address, page.wrong = address, wrong
    yield page
    page.close()


@pytest.fixture
def visit(address, browser):
    """Open single pages."""
    with window(address, browser) as page:
        yield page


@pytest.fixture(scope="module")
def pages(site, address, browser):
    """What was seen of each page, on a phone and then drawn out to a desk: by width and name."""
    files, root = sorted(site.glob("*.html")), "document.documentElement"
    images = "[...document.querySelectorAll('article img')]"
    assert len(files) > len(CHAPTERS)
    seen = {}
    with window(address, browser) as page:
        for file in files:
            page.set_viewport_size({"width": WIDTHS["phone"], "height": HEIGHT})
            page.goto(f"{address}/{file.name}")
            for name, width in WIDTHS.items():
                page.set_viewport_size({"width": width, "height": HEIGHT})
                seen[name, file.name] = {
                    "wrong": list(page.wrong),
                    "whole": page.evaluate(f"{images}.every(i => i.alt && i.complete && i.naturalWidth > 0)"),
                    "spare": page.evaluate(f"{root}.scrollWidth - {root}.clientWidth"),
                    "links": page.evaluate("[...document.querySelectorAll('a[href]')].map(a => a.href)"),
                }
    return seen


def test_every_page_opens_whole_and_asks_nobody_else(pages):
    for name, page in pages.items():
        assert page["wrong"] == [] and page["whole"], name
        assert page["spare"] <= 1, f"{name} is {page['spare']} pixels wider than the window"


def test_no_link_is_broken(pages, site, address):
    seen = {url for page in pages.values() for url in page["links"]}
    inside = {url for url in seen if url.startswith(address)}
    assert len(inside) > 20
    for url in sorted(inside):
        path, _, fragment = url.removeprefix(f"{address}/").partition("#")
        target = site / (path.partition("?")[0] or "index.html")
        assert target.is_file(), url
        if fragment:
            assert f'id="{fragment}"' in target.read_text(encoding="utf-8"), url
    assert all(url.startswith(("https://", address)) for url in seen), "every other link is encrypted"


def test_code_unfolds_on_a_click_and_by_the_keyboard(visit):
    visit.goto(f"{visit.address}/{CHAPTERS[0].name}.html")
    folded = visit.locator("details.hide").first
    code = folded.locator("pre")
    assert not code.is_visible()
    folded.locator("summary").click()
    assert code.is_visible()
    folded.locator("summary").press("Enter")
    assert not code.is_visible()


def test_an_answer_unfolds(visit):
    visit.goto(f"{visit.address}/{CHAPTERS[1].name}.html")
    answer = visit.locator("details", has_text="Answer").last
    answer.locator("summary").click()
    assert answer.locator("pre").is_visible()


def test_the_search_finds_a_word_of_the_glossary(visit):
    visit.goto(f"{visit.address}/search.html?q=fertility")
    visit.wait_for_selector("#search-results li")
    assert visit.locator("#search-results li a[href*='glossary']").count() >= 1
    assert visit.wrong == []


def test_the_page_can_be_read_in_the_dark(visit):
    visit.goto(f"{visit.address}/index.html")
    visit.evaluate("document.documentElement.dataset.theme = 'dark'")
    colour = "c => getComputedStyle(document.querySelector(c))"
    ground = visit.evaluate(f"({colour})('body').backgroundColor")
    ink = visit.evaluate(f"({colour})('article p').color")
    assert brightness(ground) < 80 < 160 < brightness(ink)


def brightness(colour):
    """The mean of red, green and blue of a colour as the browser writes it."""
    numbers = [float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    return sum(numbers) / 3
