"""A headless Chromium without scripts, driven over its own pipe: nothing but the standard library is needed.

`--dump-dom` and `--screenshot` run a script of the browser's own and show nothing once scripts are switched off; the
debugging protocol switches them off for the page alone, and sees every request that the page makes.
"""
import base64
import json
import os
import pathlib
import subprocess
import tempfile
import time

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / ".build-observers" / "bin" / "chromium"
PATIENCE = 60  # seconds for one answer


class Chromium:
    """One tab. What it asked the network for is in `requests`; what its console said, policy violations too, in `complaints`."""

    def __init__(self, program=None):
        self.folder = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        self.requests, self.complaints, self.events, self.rest, self.last = [], [], [], b"", 0
        to_browser, self.output = os.pipe()
        self.input, from_browser = os.pipe()

        def ends():  # the protocol is spoken on descriptors 3 and 4
            kept = [os.dup2(end, 20 + index) for index, end in enumerate((to_browser, from_browser))]
            for number, end in zip((3, 4), kept):
                os.dup2(end, number)

        self.process = subprocess.Popen(
            [str(program or os.environ.get("CHROMIUM") or PROGRAM), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--disable-background-networking", "--no-first-run", f"--user-data-dir={self.folder.name}", "--remote-debugging-pipe"],
            preexec_fn=ends, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        os.set_blocking(self.input, False)
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in "Page", "Network", "Log", "Runtime":
            self.call(f"{domain}.enable")
        self.call("Emulation.setScriptExecutionDisabled", value=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(PATIENCE)
        os.close(self.output)
        os.close(self.input)
        self.folder.cleanup()

    def call(self, method, **parameters):
        self.last += 1
        message = {"id": self.last, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.output, json.dumps(message).encode() + b"\0")
        answer = self.until(lambda one: one.get("id") == self.last)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def until(self, wanted):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            # What came together with the answer is looked at as well: it is not to be lost.
            found = None
            for one in self.messages():
                method = one.get("method")
                if method == "Network.requestWillBeSent":
                    self.requests.append(one["params"]["request"]["url"])
                elif method == "Log.entryAdded":
                    self.complaints.append(one["params"]["entry"]["text"])
                if method:
                    self.events.append(one)
                if wanted(one):
                    found = one
            if found:
                return found
        raise TimeoutError("Chromium does not answer")

    def messages(self):
        try:
            piece = os.read(self.input, 1 << 20)
            if not piece:
                raise RuntimeError("Chromium ended")
            self.rest += piece
        except BlockingIOError:
            time.sleep(0.005)
        *whole, self.rest = self.rest.split(b"\0")
        return [json.loads(one) for one in whole]

    def window(self, width, height=900, scale=1):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=width < 600)

    def media(self, scheme="light", kind="screen"):
        self.call("Emulation.setEmulatedMedia", media=kind, features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, url):
        """Opens a page, waits until it is there, and gives the main answer's status and headers (names in small letters)."""
        self.requests.clear()
        self.complaints.clear()
        self.events.clear()
        frame = self.call("Page.navigate", url=url)
        if frame.get("errorText"):
            raise RuntimeError(f"{url}: {frame['errorText']}")
        if not any(one["method"] == "Page.loadEventFired" for one in self.events):
            self.until(lambda one: one.get("method") == "Page.loadEventFired")
        answers = [one["params"]["response"] for one in self.events
                   if one["method"] == "Network.responseReceived" and one["params"]["type"] == "Document"]
        return (answers[0]["status"], {name.lower(): value for name, value in answers[0]["headers"].items()}) if answers else (0, {})

    def value(self, expression):
        """What an expression of ours gives in the page; the page's own scripts stay off."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    def screenshot(self, path, whole=True):
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))

    def pdf(self, path):
        data = self.call("Page.printToPDF", preferCSSPageSize=True, paperWidth=8.27, paperHeight=11.69)["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))
