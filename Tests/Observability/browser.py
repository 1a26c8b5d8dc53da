#!/usr/bin/env python3
"""Looks at a running dashboard with a real browser that runs no script, as an operator would, and measures what can be measured.

    Tests/Observability/browser.py http://127.0.0.1:8429/ FOLDER [--limit KIB]

Screenshots in both languages, light and dark, at a desk's and a phone's width, and pages as printed, go to FOLDER. The browser is
that of scripts/install-observers.sh, or the one that CHROMIUM names. Exit status 1 when something is not as it should be.
"""
import argparse
import pathlib
import sys
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from chromium import Chromium  # noqa: E402

WIDTHS = {"desk": 1280, "laptop": 1010, "tablet": 820, "phone": 390, "small": 320}
POLICY = ["default-src 'none'", "style-src 'sha256-", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]

# What is asked of a page. Each gives a list of complaints, empty when there is none.
RULES = {
    "one h1, and no level of headings is skipped": """
        (() => { const levels = [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(e => +e.tagName[1]);
        const bad = levels[0] === 1 && levels.filter(l => l === 1).length === 1 ? [] : ['h1: ' + levels];
        levels.forEach((l, i) => { if (i && l > levels[i - 1] + 1) bad.push('h' + levels[i - 1] + ' then h' + l) }); return bad })()""",
    "each heading says something": "[...document.querySelectorAll('h1,h2,h3')].filter(e => !e.textContent.trim()).map(e => e.outerHTML)",
    "each table has a caption, heads with scope, and rows as long as its head": """
        [...document.querySelectorAll('table')].flatMap(t => { const bad = [];
        if (!t.caption || !t.caption.textContent.trim()) bad.push('no caption');
        for (const th of t.querySelectorAll('th')) if (!['row', 'col'].includes(th.scope)) bad.push('no scope: ' + th.textContent);
        const heads = t.tHead.rows[0].cells.length;
        for (const r of t.tBodies[0].rows) if (r.cells.length !== heads || r.cells[0].tagName !== 'TH') bad.push('row: ' + r.textContent);
        return bad })""",
    "each drawing has a title, and what it is labelled by exists": """
        [...document.querySelectorAll('svg')].filter(s => s.getAttribute('role') !== 'img' || !s.querySelector('title')?.textContent.trim()
        || !s.getAttribute('aria-labelledby').split(' ').every(id => document.getElementById(id)?.textContent.trim())).map(s => s.outerHTML.slice(0, 200))""",
    "ids are unique": """
        (() => { const ids = [...document.querySelectorAll('[id]')].map(e => e.id); return ids.filter((id, i) => ids.indexOf(id) !== i) })()""",
    "no state is told by colour alone": """
        [...document.querySelectorAll('.state')].filter(e => !e.querySelector('[aria-hidden]')?.textContent.trim()
        || e.textContent.trim().length < 3).map(e => e.outerHTML)""",
    "no script, no style of an element's own, nothing embedded": """
        [...document.querySelectorAll('script,iframe,object,embed,img,form,[style],link[rel=stylesheet]')].map(e => e.outerHTML.slice(0, 200))""",
    "no address leads elsewhere": """
        [...document.querySelectorAll('[href],[src],[action]')].map(e => e.href?.baseVal ?? e.href ?? e.src)
        .filter(u => !u.startsWith('data:image/') && new URL(u).origin !== location.origin)""",
    "nothing is wider than the window": """
        (() => { const wide = innerWidth, bad = document.documentElement.scrollWidth > wide ? ['page: ' + document.documentElement.scrollWidth] : [];
        for (const e of document.querySelectorAll('body *')) { const r = e.getBoundingClientRect();
        if (r.width > 1 && r.height > 1 && (r.right > wide + 0.5 || r.left < -0.5) && !e.closest('thead,svg')) bad.push(e.tagName + ' ' + r.right + ' ' + e.textContent.slice(0, 60)) }
        return bad.slice(0, 8) })()""",
    "each text has a contrast of 4.5 to its ground, or of 3 where it is large": """
        (() => { const parse = c => c.match(/[0-9.]+/g).map(Number);
        const light = c => c.slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
        const ground = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] !== 0) return c } return [255, 255, 255] };
        const bad = new Set(), walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        for (let n; n = walker.nextNode();) { const e = n.parentElement; if (!n.data.trim() || e.closest('title,desc') || !e.getClientRects().length) continue;
            const s = getComputedStyle(e), size = parseFloat(s.fontSize), colour = parse(e.closest('svg') ? s.fill : s.color);
            const [a, b] = [light(colour), light(ground(e))].sort((x, y) => y - x), ratio = (a + 0.05) / (b + 0.05);
            const large = size >= 24 || (size >= 18.66 && s.fontWeight >= 700);
            if (ratio < (large ? 3 : 4.5)) bad.add(ratio.toFixed(2) + ' ' + e.tagName + '.' + e.className + ' ' + n.data.trim().slice(0, 40)) }
        return [...bad].slice(0, 8) })()""",
    "links can be hit with a finger": """
        matchMedia('print').matches ? [] : [...document.querySelectorAll('a')].filter(a => a.getClientRects().length && a.getBoundingClientRect().height < 15).map(a => a.outerHTML)""",
}

failures = []


def check(is_good, what):
    if not is_good:
        failures.append(what)
        print(f"  FAILED  {what}")


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def check_answer(url, language, limit, status=200):
    """What needs no browser: status, headers, size, and that a strict parser takes the page."""
    code, headers, body = fetch(url)
    check(code == status, f"{url}: status {code}")
    check("text/html" in headers.get("Content-Type", "") and "utf-8" in headers["Content-Type"].lower(), f"{url}: type {headers.get('Content-Type')}")
    policy = headers.get("Content-Security-Policy", "")
    for directive in POLICY:
        check(directive in policy, f"{url}: policy without {directive}: {policy}")
    check(len(body) < limit << 10, f"{url}: {len(body)} bytes")
    try:
        root = ElementTree.fromstring(body.decode().split("\n", 1)[1])
        check(root.get("lang") == language, f"{url}: lang {root.get('lang')}")
    except (ElementTree.ParseError, UnicodeDecodeError, IndexError) as error:
        check(False, f"{url}: not well-formed: {error}")


def check_page(browser, url, name):
    """What only a browser knows, at this width and in these colours."""
    browser.open(url)
    for rule, expression in RULES.items():
        for complaint in browser.value(expression):
            check(False, f"{name}: {rule}: {complaint}")
    elsewhere = [one for one in browser.requests if one != url and not one.startswith("data:")]
    check(not elsewhere, f"{name}: asked for {elsewhere}")
    complaints = [one for one in browser.complaints if "404 (Not Found)" not in one or "nowhere" not in url]
    check(not complaints, f"{name}: the browser says {complaints}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("base", help="address of the dashboard")
    parser.add_argument("folder", type=pathlib.Path, help="where screenshots go")
    parser.add_argument("--limit", type=int, default=200, help="KiB that a page may have")
    options = parser.parse_args()
    base = options.base.rstrip("/") + "/"
    options.folder.mkdir(parents=True, exist_ok=True)

    with Chromium() as browser:
        words = {}
        for language in "fr", "en":
            home = f"{base}?lang={language}"
            browser.window(1280)
            browser.open(home)
            words[language] = browser.value("document.body.innerText")
            check(browser.value("document.querySelector('meta[http-equiv=refresh]')?.content") == "60", f"{language}: does not reload itself")
            other = browser.value("document.querySelector('a[hreflang]').href")
            check(urllib.parse.urlparse(other).query == f"lang={'en' if language == 'fr' else 'fr'}", f"{language}: link to the other: {other}")
            source = browser.value("document.querySelector('a[href^=\"sources/\"]')?.href")
            pages = {"overview": home, "nowhere": f"{base}nowhere?lang={language}"} | ({"source": source} if source else {})
            check_answer(home, language, options.limit)
            check_answer(pages["nowhere"], language, options.limit, status=404)
            if source:
                check_answer(source, language, options.limit)
                matrix = browser.value("[...document.querySelectorAll('table')[0].tHead.rows[0].cells].map(c => c.innerText)")
                check(len(matrix) >= 6, f"{language}: the matrix names no site: {matrix}")
                browser.open(source)
                back = browser.value("[...document.querySelectorAll('main a')].map(a => a.href)")
                check(home in back, f"{language}: the page of a source does not lead back: {back}")
            for page, url in pages.items():
                for scheme in "light", "dark":
                    for width_name, width in WIDTHS.items():
                        browser.window(width)
                        browser.media(scheme)
                        name = f"{page}.{language}.{scheme}.{width_name}"
                        check_page(browser, url, name)
                        browser.screenshot(options.folder / f"{name}.png")
                        print(f"  looked at {name}")
                browser.window(1032)  # A4 across, without its margins
                browser.media(kind="print")
                check_page(browser, url, f"{page}.{language}.print")
                browser.media()
                browser.pdf(options.folder / f"{page}.{language}.pdf")
        check(words["fr"] != words["en"], "both languages show the same")

    print(f"{len(failures)} failed" if failures else "The dashboard is as it should be.")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
