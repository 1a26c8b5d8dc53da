#!/usr/bin/env python3
"""Tries every right with every role's key at stores, and prints what they answer, as the table of POLICIES.md.

    rights.py [KIND ...] [--node-locks]      seaweedfs, ceph: each is started, and stopped at the end
"""
import sys
import time

sys.dont_write_bytecode = True
import s3client  # noqa: E402
import store  # noqa: E402
from s3client import COMPLIANCE, GOVERNANCE, content_md5, moment  # noqa: E402

ROLES = store.ROLES[1:]
HOUR, DAY = 3600, 86400
PART = bytes(5 << 20)
TAGS = b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"
HOLD = b"<LegalHold><Status>ON</Status></LegalHold>"
EXPIRY = b"<LifecycleConfiguration><Rule><ID>x</ID><Filter><Prefix>never/</Prefix></Filter><Status>Enabled</Status><Expiration>" \
         b"<Days>1</Days></Expiration></Rule></LifecycleConfiguration>"
ALL = 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'


class Trial:
    """One role at one store: the answers by the right's name."""

    def __init__(self, site, role, bucket, other):
        self.owner, self.role, self.client, self.bucket, self.other = site.client(), role, site.client(role), bucket, other
        self.answers, self.versions = {}, {}
        for key in ("over", "plain", "marked", "gone", "many", "many-gone", "tagged", "acl", "held", "copied"):
            self.versions[key] = self.owner.put(bucket, self.key(key), b"1")
        locks = {"governed": GOVERNANCE, "governed-many": GOVERNANCE, "governed-short": GOVERNANCE, "complied": COMPLIANCE}
        for key, lock in locks.items():
            self.versions[key] = self.owner.put(bucket, self.key(key), b"1", lock=lock, until=HOUR)
        self.upload = self.owner.begin_upload(bucket, self.key("upload"))

    def key(self, name):
        return f"{self.role}/{name}"

    def path(self, name):
        return f"/{self.bucket}/{self.key(name)}"

    def call(self, right, function, *words, **more):
        """A method of the client; what it gives."""
        try:
            found = function(*words, **more)
        except s3client.Refused as refusal:
            self.answers[right] = refusal.status
            return None
        if function.__name__ == "delete_many" and found:
            self.answers[right] = 403 if set(found.values()) == {"AccessDenied"} else str(found)
        else:
            self.answers[right] = 200
        return found

    def send(self, right, method, path, query=None, body=b"", headers=None):
        """A request as it is."""
        answer = self.client.request(method, path, query, body, content_md5(body) | (headers or {}) if body else headers)
        self.answers[right] = answer.status if answer.status != 204 else 200
        return answer

    def anybody(self, name):
        """What one without a key is answered."""
        connection = self.client.connection()
        connection.request("GET", self.path(name))
        status = connection.getresponse().status
        connection.close()
        return status

    def run(self):
        self.reading()
        self.writing()
        self.parts()
        self.deleting()
        self.locking()
        self.own_objects()
        self.configuring()
        return self.answers

    def reading(self):
        client, bucket = self.client, self.bucket
        self.call("GetObject", client.get, bucket, self.key("plain"))
        self.call("GetObjectVersion", client.get, bucket, self.key("over"), self.versions["over"])
        self.send("HeadObject of an absent key", "HEAD", self.path("absent"))
        self.call("ListObjectsV2", client.keys, bucket)
        self.call("ListObjectVersions", client.versions, bucket)
        self.send("GetObjectRetention", "GET", self.path("complied"), {"retention": ""})
        for right, query in (("GetBucketVersioning", "versioning"), ("GetObjectLockConfiguration", "object-lock"),
                             ("GetBucketLocation", "location"), ("GetBucketPolicy", "policy"), ("GetBucketLifecycle", "lifecycle")):
            self.send(right, "GET", f"/{bucket}", {query: ""})
        self.send("HeadBucket", "HEAD", f"/{bucket}")
        self.call("another bucket: GetObject", client.get, self.other, "there")
        self.call("another bucket: ListObjectsV2", client.keys, self.other)

    def writing(self):
        client, bucket = self.client, self.bucket
        self.call("PutObject, new key", client.put, bucket, self.key("new"), b"1")
        self.call("PutObject over another version", client.put, bucket, self.key("over"), b"2")
        self.send("PutObject If-None-Match: *", "PUT", self.path("once"), body=b"1", headers={"if-none-match": "*"})
        self.call("PutObject with a GOVERNANCE lock", client.put, bucket, self.key("put-governed"), b"1", lock=GOVERNANCE, until=60)
        self.call("PutObject with a COMPLIANCE lock", client.put, bucket, self.key("put-complied"), b"1", lock=COMPLIANCE, until=60)
        hold = {"x-amz-object-lock-legal-hold": "ON"}
        self.call("PutObject with a legal hold", client.put, bucket, self.key("put-held"), b"1", hold)
        self.call("PutObject with tags", client.put, bucket, self.key("put-tagged"), b"1", {"x-amz-tagging": "a=b"})
        self.call("CopyObject", client.copy, bucket, self.key("copied"), self.key("copy"))
        self.send("PutObjectTagging", "PUT", self.path("tagged"), {"tagging": ""}, TAGS)
        self.send("PutObjectAcl", "PUT", self.path("acl"), {"acl": ""}, headers={"x-amz-acl": "public-read"})
        self.call("another bucket: PutObject", client.put, self.other, "new", b"1")

    def parts(self):
        client, bucket = self.client, self.bucket
        upload = self.call("CreateMultipartUpload", client.begin_upload, bucket, self.key("parts"))
        if upload:
            etag = self.call("UploadPart", client.put_part, bucket, self.key("parts"), upload, 1, PART)
            self.send("ListParts", "GET", self.path("parts"), {"uploadId": upload})
            self.call("CompleteMultipartUpload", client.complete_upload, bucket, self.key("parts"), upload, [etag])
        lock = {"x-amz-object-lock-mode": COMPLIANCE, "x-amz-object-lock-retain-until-date": moment(60)}
        self.call("CreateMultipartUpload with a COMPLIANCE lock", client.begin_upload, bucket, self.key("locked-parts"), lock)
        self.call("ListMultipartUploads", client.uploads, bucket)
        self.call("AbortMultipartUpload of another's", client.abort_upload, bucket, self.key("upload"), self.upload)

    def deleting(self):
        client, bucket, versions = self.client, self.bucket, self.versions
        self.call("DeleteObject (a marker)", client.delete, bucket, self.key("marked"))
        self.call("DeleteObject of a version", client.delete, bucket, self.key("gone"), versions["gone"])
        self.call("DeleteObjects", client.delete_many, bucket, [self.key("many")])
        self.call("DeleteObjects of versions", client.delete_many, bucket, [(self.key("many-gone"), versions["many-gone"])])
        self.call("… under GOVERNANCE", client.delete, bucket, self.key("governed"), versions["governed"])
        self.call("… under GOVERNANCE, bypass", client.delete, bucket, self.key("governed"), versions["governed"], True)
        many = [(self.key("governed-many"), versions["governed-many"])]
        self.call("… under GOVERNANCE, bypass, DeleteObjects", client.delete_many, bucket, many, bypass=True)
        self.call("… under COMPLIANCE, bypass", client.delete, bucket, self.key("complied"), versions["complied"], True)

    def locking(self):
        def retain(right, name, mode, until, bypass=False):
            words = self.bucket, self.key(name), mode, until, self.versions[name], bypass
            self.call(f"PutObjectRetention: {right}", self.client.set_retention, *words)
        retain("lock what is not locked", "plain", GOVERNANCE, 60)
        retain("extend COMPLIANCE", "complied", COMPLIANCE, 2 * HOUR)
        retain("extend COMPLIANCE to 400 days", "complied", COMPLIANCE, 400 * DAY)
        retain("shorten COMPLIANCE", "complied", COMPLIANCE, 60)
        retain("shorten GOVERNANCE", "governed-short", GOVERNANCE, 60)
        retain("shorten GOVERNANCE, bypass", "governed-short", GOVERNANCE, 60, True)
        self.send("PutObjectLegalHold", "PUT", self.path("held"), {"legal-hold": ""}, HOLD)

    def own_objects(self):
        """What one may do with what one wrote: some stores give the writer more than the policy does."""
        client, bucket = self.client, self.bucket
        try:
            version = client.put(bucket, self.key("own"), b"1")
        except s3client.Refused:
            return
        self.send("own object: GetObjectAcl", "GET", self.path("own"), {"acl": ""})
        self.send("own object: PutObjectAcl", "PUT", self.path("own"), {"acl": ""}, headers={"x-amz-acl": "public-read"})
        self.send("own object: PutObjectTagging", "PUT", self.path("own"), {"tagging": ""}, TAGS)
        self.call("own object: PutObjectRetention", client.set_retention, bucket, self.key("own"), GOVERNANCE, 60, version)
        self.send("own object: PutObjectLegalHold", "PUT", self.path("own"), {"legal-hold": ""}, HOLD.replace(b"ON", b"OFF"))
        self.call("own object: DeleteObject of the version", client.delete, bucket, self.key("own"), version, True)
        for header, value in (("x-amz-acl", "public-read"), ("x-amz-grant-read", ALL)):
            key = self.key("public")
            client.put(bucket, key, b"1", {header: value})
            self.answers[f"anybody reads what was put with {header} for all"] = self.anybody("public")
            upload = client.begin_upload(bucket, key, {header: value})
            client.complete_upload(bucket, key, upload, [client.put_part(bucket, key, upload, 1, b"1")])
            self.answers[f"… in parts, with {header} for all"] = self.anybody("public")

    def configuring(self):
        client, bucket = self.client, self.bucket
        self.call("PutBucketVersioning: suspend", client.set_versioning, bucket, "Suspended")
        self.call("PutObjectLockConfiguration", client.set_default_lock, bucket, GOVERNANCE, 1)
        self.call("PutBucketPolicy", client.set_policy, bucket, {})
        self.call("DeleteBucketPolicy", client.delete_policy, bucket)
        self.call("PutPublicAccessBlock", client.ignore_public_acls, bucket)
        self.send("PutBucketLifecycle", "PUT", f"/{bucket}", {"lifecycle": ""}, EXPIRY)
        self.send("PutBucketAcl", "PUT", f"/{bucket}", {"acl": ""}, headers={"x-amz-acl": "public-read"})
        self.call("DeleteBucket", client.delete_bucket, bucket)
        self.call("CreateBucket", client.create_bucket, f"made-by-{self.role}")
        self.answers["ListBuckets shows"] = len(client.buckets())


def main():
    columns, words = {}, [word for word in sys.argv[1:] if word != "--node-locks"]
    with store.Stores() as stores:
        for kind in words or ["ceph", "seaweedfs"]:
            site = stores.start(kind, kind)
            site.bucket("rights", locked=True, roles=True, node_locks="--node-locks" in sys.argv)
            site.client().create_bucket("other")
            site.client().put("other", "there", b"1")
            for role in ROLES:
                columns[kind, role] = Trial(site, role, "rights", "other").run()
            site.stop()
    print("| right | " + " | ".join(f"{kind} {role}" for kind, role in columns) + " |\n| --- |" + " --- |" * len(columns))
    for right in dict.fromkeys(right for answers in columns.values() for right in answers):
        print(f"| {right} | " + " | ".join(str(answers.get(right, "-")) for answers in columns.values()) + " |")


if __name__ == "__main__":
    began = time.monotonic()
    main()
    print(f"{time.monotonic() - began:.1f} s", file=sys.stderr)
