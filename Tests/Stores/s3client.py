"""A small S3 client, Python's standard library alone: it prepares buckets, looks into stores and vandalises them.

It shares nothing with the program under test, keeps no connection, retries nothing and checks nothing that is not asked for.
What a store refuses is raised as Refused; `request` alone returns every answer as it is.
"""
import base64
import collections
import contextlib
import datetime
import hashlib
import hmac
import http.client
import json
import ssl
import urllib.parse
import xml.etree.ElementTree as xml

TIMEOUT = 60  # seconds without a byte
GOVERNANCE, COMPLIANCE = "GOVERNANCE", "COMPLIANCE"

Answer = collections.namedtuple("Answer", "status headers body")  # headers' names in small letters
Version = collections.namedtuple("Version", "key id latest marker size etag")
Upload = collections.namedtuple("Upload", "key id")


class Refused(Exception):
    """The store's answer is no success."""

    def __init__(self, method, path, answer):
        self.status, self.headers, self.body = answer
        found = xml_of(answer.body)
        self.code = text(found, "Code") if found is not None else None
        super().__init__(f"{method} {path}: {self.status} {self.code or ''}".rstrip())


class Client:
    """Requests with one access key, path style, signed by AWS Signature Version 4 with the body's hash."""

    def __init__(self, endpoint, access_key, secret_key, region="us-east-1", ca_file=None, timeout=TIMEOUT):
        self.endpoint, self.access_key, self.secret_key, self.region = endpoint.rstrip("/"), access_key, secret_key, region
        self.ca_file, self.timeout, self.url = ca_file, timeout, urllib.parse.urlsplit(endpoint)

    def through(self, endpoint):
        """The same client by another address, a proxy's."""
        return Client(endpoint, self.access_key, self.secret_key, self.region, self.ca_file, self.timeout)

    # Requests

    def request(self, method, path, query=None, body=b"", headers=None):
        """Any answer; `path` is not encoded yet and begins with a slash."""
        path = urllib.parse.quote(path, safe="/-_.~")
        words = sorted((quoted(name), quoted(value)) for name, value in (query or {}).items())
        query = "&".join(f"{name}={value}" for name, value in words)
        connection = self.connection()
        with contextlib.closing(connection):
            connection.putrequest(method, path + ("?" + query if query else ""), skip_host=True, skip_accept_encoding=True)
            for name, value in self.signed(method, path, query, body, headers or {}).items():
                connection.putheader(name, value)
            if body or method in ("PUT", "POST"):
                connection.putheader("content-length", str(len(body)))
            connection.endheaders(body or None)
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())

    def connection(self):
        if self.url.scheme == "http":
            return http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=self.timeout)
        context = ssl.create_default_context(cafile=self.ca_file)
        return http.client.HTTPSConnection(self.url.hostname, self.url.port, timeout=self.timeout, context=context)

    def signed(self, method, path, query, body, headers):
        """The headers with those that sign them."""
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest()
        headers = {name.lower(): str(value).strip() for name, value in headers.items()}
        headers |= {"host": self.url.netloc, "x-amz-content-sha256": digest, "x-amz-date": now}
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        canonical = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{digest}"
        scope = f"{now[:8]}/{self.region}/s3/aws4_request"
        key = ("AWS4" + self.secret_key).encode()
        for word in scope.split("/"):
            key = hmac.digest(key, word.encode(), "sha256")
        to_sign = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
        credential = f"Credential={self.access_key}/{scope},SignedHeaders={names},Signature={signature}"
        return headers | {"authorization": f"AWS4-HMAC-SHA256 {credential}"}

    def must(self, method, path, query=None, body=b"", headers=None):
        """An answer that is a success."""
        answer = self.request(method, path, query, body, headers)
        if not 200 <= answer.status < 300:
            raise Refused(method, path, answer)
        if method in ("POST", "PUT") and (found := xml_of(answer.body)) is not None and found.tag == "Error":
            raise Refused(method, path, answer)  # a completion or a copy that failed after its 200
        return answer

    # Buckets

    def create_bucket(self, bucket, versioned=False, locked=False):
        """`locked`: with Object Lock, so versioned too. Some stores say yes and do neither: see `is_locked`."""
        self.must("PUT", f"/{bucket}", headers={"x-amz-bucket-object-lock-enabled": "true"} if locked else None)
        if versioned and not locked:
            self.set_versioning(bucket)

    def delete_bucket(self, bucket):
        self.must("DELETE", f"/{bucket}")

    def buckets(self):
        return [text(each, "Name") for each in xml_of(self.must("GET", "/").body).iter("Bucket")]

    def set_versioning(self, bucket, status="Enabled"):
        self.configure(bucket, "versioning", f"<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>")

    def versioning(self, bucket):
        return text(xml_of(self.must("GET", f"/{bucket}", {"versioning": ""}).body), "Status")

    def set_default_lock(self, bucket, mode, days):
        """New objects are locked for so many days, unless they say otherwise themselves."""
        rule = f"<Rule><DefaultRetention><Mode>{mode}</Mode><Days>{days}</Days></DefaultRetention></Rule>"
        self.configure(bucket, "object-lock", "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>"
                                              f"{rule}</ObjectLockConfiguration>")

    def is_locked(self, bucket):
        answer = self.request("GET", f"/{bucket}", {"object-lock": ""})
        return answer.status == 200 and b"<ObjectLockEnabled>Enabled</ObjectLockEnabled>" in answer.body

    def set_policy(self, bucket, policy):
        """`policy`: the JSON value, not text."""
        self.must("PUT", f"/{bucket}", {"policy": ""}, json.dumps(policy).encode())

    def policy(self, bucket):
        return json.loads(self.must("GET", f"/{bucket}", {"policy": ""}).body)

    def delete_policy(self, bucket):
        self.must("DELETE", f"/{bucket}", {"policy": ""})

    def ignore_public_acls(self, bucket):
        """Not BlockPublicAcls: with it, Ceph 16 refuses every put."""
        rules = {"BlockPublicAcls": "false", "IgnorePublicAcls": "true", "BlockPublicPolicy": "true",
                 "RestrictPublicBuckets": "true"}
        body = "".join(f"<{name}>{value}</{name}>" for name, value in rules.items())
        self.configure(bucket, "publicAccessBlock", f"<PublicAccessBlockConfiguration>{body}</PublicAccessBlockConfiguration>")

    def configure(self, bucket, what, document):
        body = document.encode()
        self.must("PUT", f"/{bucket}", {what: ""}, body, content_md5(body))

    # Objects

    def put(self, bucket, key, body, headers=None, lock=None, until=None):
        """The version's id, or None. `lock` and `until`: a mode and when it ends."""
        headers = content_md5(body) | (headers or {})
        if lock:
            headers |= {"x-amz-object-lock-mode": lock, "x-amz-object-lock-retain-until-date": moment(until)}
        return version_of(self.must("PUT", f"/{bucket}/{key}", None, body, headers))

    def get(self, bucket, key, version=None, headers=None):
        return self.must("GET", f"/{bucket}/{key}", versioned(version), headers=headers).body

    def head(self, bucket, key, version=None):
        """The headers; None where there is no such object."""
        answer = self.request("HEAD", f"/{bucket}/{key}", versioned(version))
        if answer.status in (404, 405):  # 405: a version that is a delete marker
            return None
        if answer.status != 200:
            raise Refused("HEAD", f"/{bucket}/{key}", answer)
        return answer.headers

    def delete(self, bucket, key, version=None, bypass=False):
        """Without a version, a versioned bucket only gets a marker. `bypass`: of GOVERNANCE."""
        headers = {"x-amz-bypass-governance-retention": "true"} if bypass else None
        self.must("DELETE", f"/{bucket}/{key}", versioned(version), headers=headers)

    def delete_many(self, bucket, keys, bypass=False):
        """Keys, or pairs of key and version; what could not be deleted: {key: code}."""
        pairs = [(each, None) if isinstance(each, str) else each for each in keys]
        body = "".join(f"<Object><Key>{escaped(key)}</Key>" + (f"<VersionId>{version}</VersionId>" if version else "") + "</Object>"
                       for key, version in pairs)
        body = f"<Delete><Quiet>true</Quiet>{body}</Delete>".encode()
        headers = content_md5(body) | ({"x-amz-bypass-governance-retention": "true"} if bypass else {})
        answer = self.must("POST", f"/{bucket}", {"delete": ""}, body, headers)
        found = xml_of(answer.body) if answer.body else None
        return {} if found is None else {text(each, "Key"): text(each, "Code") for each in found.iter("Error")}

    def copy(self, bucket, source, target):
        source = urllib.parse.quote(f"/{bucket}/{source}", safe="/-_.~")
        self.must("PUT", f"/{bucket}/{target}", headers={"x-amz-copy-source": source})

    def keys(self, bucket, prefix=""):
        """{key: size}, in the store's order."""
        query, found = {"list-type": "2", "prefix": prefix}, {}
        while True:
            page = xml_of(self.must("GET", f"/{bucket}", query).body)
            found |= {text(each, "Key"): int(text(each, "Size")) for each in page.iter("Contents")}
            if text(page, "IsTruncated") != "true":
                return found
            query["continuation-token"] = text(page, "NextContinuationToken")

    def versions(self, bucket, prefix=""):
        """Versions and delete markers, in the store's order: by key, newest first."""
        query, found = {"versions": "", "prefix": prefix}, []
        while True:
            page = xml_of(self.must("GET", f"/{bucket}", query).body)
            found += [Version(text(each, "Key"), text(each, "VersionId"), text(each, "IsLatest") == "true",
                              each.tag == "DeleteMarker", int(text(each, "Size") or 0), (text(each, "ETag") or "").strip('"'))
                      for each in page if each.tag in ("Version", "DeleteMarker")]
            if text(page, "IsTruncated") != "true":
                return found
            query |= {"key-marker": text(page, "NextKeyMarker") or "", "version-id-marker": text(page, "NextVersionIdMarker") or ""}

    def retention(self, bucket, key, version=None):
        """Mode and end; None where there is none."""
        answer = self.request("GET", f"/{bucket}/{key}", {"retention": ""} | versioned(version))
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise Refused("GET", f"/{bucket}/{key}?retention", answer)
        found = xml_of(answer.body)
        end = text(found, "RetainUntilDate")
        return text(found, "Mode"), datetime.datetime.fromisoformat(end.replace("Z", "+00:00")) if end else None

    def set_retention(self, bucket, key, mode, until, version=None, bypass=False):
        body = f"<Retention><Mode>{mode}</Mode><RetainUntilDate>{moment(until)}</RetainUntilDate></Retention>".encode()
        headers = content_md5(body) | ({"x-amz-bypass-governance-retention": "true"} if bypass else {})
        self.must("PUT", f"/{bucket}/{key}", {"retention": ""} | versioned(version), body, headers)

    # Uploads in parts

    def begin_upload(self, bucket, key, headers=None):
        return text(xml_of(self.must("POST", f"/{bucket}/{key}", {"uploads": ""}, headers=headers).body), "UploadId")

    def put_part(self, bucket, key, upload, number, body):
        answer = self.must("PUT", f"/{bucket}/{key}", {"partNumber": str(number), "uploadId": upload}, body, content_md5(body))
        return answer.headers["etag"]

    def complete_upload(self, bucket, key, upload, etags):
        parts = "".join(f"<Part><PartNumber>{number}</PartNumber><ETag>{escaped(etag)}</ETag></Part>"
                        for number, etag in enumerate(etags, 1))
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        return version_of(self.must("POST", f"/{bucket}/{key}", {"uploadId": upload}, body))

    def abort_upload(self, bucket, key, upload):
        self.must("DELETE", f"/{bucket}/{key}", {"uploadId": upload})

    def uploads(self, bucket):
        found = xml_of(self.must("GET", f"/{bucket}", {"uploads": ""}).body)
        return [Upload(text(each, "Key"), text(each, "UploadId")) for each in found.iter("Upload")]

    # Vandalism

    def flip(self, bucket, key, at=None):
        """Changes one bit of an object by storing it again: in the middle, or at a place."""
        body = bytearray(self.get(bucket, key))
        body[len(body) // 2 if at is None else at] ^= 1
        self.put(bucket, key, bytes(body))

    def truncate(self, bucket, key, size):
        self.put(bucket, key, self.get(bucket, key)[:size])

    def empty(self, bucket):
        """Every version, marker and unfinished upload; GOVERNANCE is bypassed. What is left: {key: code}."""
        for upload in self.uploads(bucket):
            self.abort_upload(bucket, *upload)
        left = {}
        try:
            pairs = [(each.key, each.id) for each in self.versions(bucket)]
        except Refused:  # a store that knows no versions
            pairs = [(key, None) for key in self.keys(bucket)]
        for start in range(0, len(pairs), 1000):
            left |= self.delete_many(bucket, pairs[start:start + 1000], bypass=True)
        for folder in [key for key in self.keys(bucket) if key.endswith("/")]:  # JuiceFS lists a folder once nothing is in it
            self.delete(bucket, folder)
        return left


def quoted(value):
    return urllib.parse.quote(value, safe="-_.~")


def escaped(value):
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def versioned(version):
    return {"versionId": version} if version else {}


def version_of(answer):
    return answer.headers.get("x-amz-version-id")


def content_md5(body):
    return {"content-md5": base64.b64encode(hashlib.md5(body).digest()).decode()}


def moment(when):
    """As S3 writes a time; a number is seconds from now."""
    if not isinstance(when, datetime.datetime):
        when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=when)
    return when.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def xml_of(body):
    """The root element, its names without name space; None where it is no XML."""
    try:
        root = xml.fromstring(body)
    except xml.ParseError:
        return None
    for each in root.iter():
        each.tag = each.tag.rpartition("}")[2]
    return root


def text(element, name):
    """The text of the first child of that name; None where there is none."""
    found = element.find(name)
    return None if found is None else found.text or ""
