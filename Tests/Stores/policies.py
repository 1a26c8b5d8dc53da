"""Bucket policies with the least rights that each role needs: POLICIES.md says what was tried, and what stores do not enforce."""

CEPH, SEAWEEDFS = "arn:aws:iam:::user/{}", "arn:aws:iam::000000000000:user/{}"  # how a store names its users

READ = ["GetObject", "GetObjectVersion", "GetObjectRetention"]
LOOK = ["ListBucket", "ListBucketVersions", "GetBucketLocation", "GetBucketVersioning", "GetBucketObjectLockConfiguration"]
WRITE = ["PutObject", "AbortMultipartUpload", "ListMultipartUploadParts"]
DELETE = ["DeleteObject", "DeleteObjectVersion"]
LOCK = ["PutObjectRetention"]
NEVER = ["BypassGovernanceRetention", "PutObjectLegalHold", "PutObjectAcl", "PutObjectVersionAcl", "PutObjectTagging",
         "PutObjectVersionTagging", "DeleteObjectTagging", "DeleteObjectVersionTagging"]


def policy(bucket, principal, node_locks=False):
    """The policy of a bucket that holds nothing else. `node_locks`: nodes may say how long what they put is locked, and so extend
    locks, not shorten them; without, the bucket's default lock is for them. The refusals are not idle: Ceph allows much to the one
    who wrote an object, and bypassing GOVERNANCE to whoever may delete."""
    everything = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    whole, objects = everything[:1], everything[1:]

    def statement(effect, roles, actions, resources):
        return {"Effect": effect, "Principal": {"AWS": [principal.format(role) for role in roles]},
                "Action": [f"s3:{action}" for action in actions], "Resource": resources}

    everybody, writers, others = ["node", "maintenance", "restore"], ["node", "maintenance"], ["node", "restore"]
    return {"Version": "2012-10-17", "Statement": [
        statement("Allow", ["owner"], ["*"], everything),  # at Ceph the owner of a bucket may not read what others put there
        statement("Allow", everybody, READ, objects),
        statement("Allow", everybody, LOOK, whole),  # with ListBucket, what is missing is 404 and not 403
        statement("Allow", writers, WRITE, objects),
        statement("Allow", ["maintenance"], DELETE, everything),  # Ceph checks DeleteObjects against the bucket
        statement("Allow", writers if node_locks else ["maintenance"], LOCK, objects),
        statement("Allow", ["maintenance"], ["ListBucketMultipartUploads"], whole),
        statement("Deny", everybody, NEVER, everything),
        statement("Deny", others, DELETE, everything),
        statement("Deny", ["restore"] if node_locks else others, LOCK, everything),
    ]}
