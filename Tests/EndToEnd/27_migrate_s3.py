"""A copy is moved to and from real object stores, with proof: what is locked stays with its date, what is not leaves no version behind.

Run by 27-migrate-s3.sh, which starts the stores where HDS_STORES does not name running ones.
"""
import datetime

from hdstest import Suite, expect, expect_equal
from s3sites import Bucket, Days, S3Machine

suite = Suite("27 migrate s3")
STORES = ("paris", "brest")  # SeaweedFS and Ceph


def machine_with(name, store, **kind):
    """Two days at a bucket of that store and at the folder lille."""
    machine = S3Machine(f"{name}-{store}", files=("lille",))
    bucket = Bucket(store, **kind)
    machine.add_bucket(bucket, **({"lock_period": "1d"} if kind.get("locked") else {}))
    machine.sample()
    machine.tenant_settings["sites"] = [store]
    machine.write()
    days = Days(machine)
    days.backup()
    machine.dice()
    days.backup()
    machine.tenant_settings["sites"] = [store, "lille"]
    machine.write()
    return machine, bucket, days


def migrate(machine, source, to, *words, exit=0):
    return machine.run("migrate", "--from", source, "--to", to, "--prove", "--double-run", "0s", *words, "--json", exit=exit).lines[0]


def held(bucket):
    """All versions and marks that the store still has, in both buckets."""
    return [each for place in (bucket.name, bucket.agree) if place for each in bucket.client.versions(place)]


@suite.each(*STORES)
def what_is_locked_is_a_remnant_with_its_date_and_all_else_goes(store):
    machine, bucket, days = machine_with("locked", store, locked=True)
    row = migrate(machine, store, "lille", exit=3)
    expect_equal((row["outcome"], row["snapshots"]), ("remnants", 2), f"the end: {row}")
    expect(row["remnants"] and row["deleted_objects"], "nothing is locked, or nothing was deleted")
    tomorrow = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=2)
    for each in row["remnants"]:
        expect_equal(each["reason"], "lock", f"why {each['object']} stays")
        until = datetime.datetime.fromisoformat(each["until"])
        expect(datetime.datetime.now(datetime.timezone.utc) < until < tomorrow, f"until {until}")
    left = {key for key in bucket.keys()}
    expect({each["object"] for each in row["remnants"]} <= left, "a remnant is not there")
    # Once more: the same is left, and nothing is signed twice.
    again = migrate(machine, store, "lille", exit=3)
    expect_equal((again["outcome"], again["records"]), ("remnants", row["records"]), "the second run")
    machine.tenant_settings["sites"] = ["lille"]
    machine.write()
    days.expect_all()


@suite.each(*STORES)
def without_locks_no_version_of_any_object_is_left(store):
    machine, bucket, days = machine_with("versioned", store, versioned=True, agree=True)
    expect(held(bucket), "nothing is stored")
    row = migrate(machine, store, "lille")
    expect_equal((row["outcome"], row["remaining_objects"]), ("done", 0), f"the end: {row}")
    expect_equal(held(bucket), [], "versions and marks")
    machine.tenant_settings["sites"] = ["lille"]
    machine.write()
    days.expect_all()


@suite.each(*STORES)
def what_was_seen_committed_is_not_deleted_for_good_where_somebody_took_its_slot(store):
    """The session has no slot then, and is fenced: that does not make it one that gave up."""
    machine = S3Machine(f"slot-{store}", files=("lille",))
    bucket = Bucket(store)
    machine.add_bucket(bucket)
    machine.sample()
    machine.tenant_settings["sites"] = [store, "lille"]
    machine.write()
    machine.run("backup")
    machine.run("migrate", "--from", store, "--to", "lille", "--prove", "--double-run", "1h", "--patience", "0s", exit=3)
    known = set(machine.ids())
    machine.tenant_settings["sites"] = [store]
    machine.write()
    machine.dice()
    machine.run("backup")
    (new,) = set(machine.ids()) - known
    for key, whole in bucket.keys("commits/").items():
        if new in key:
            bucket.client.delete(bucket.name, whole)
    machine.tenant_settings["sites"] = [store, "lille"]
    machine.write()
    machine.run("migrate", "--from", store, "--to", "lille", "--prove", "--double-run", "0s", exit=None)
    manifests = [key for key in [*bucket.keys("snapshots/"), *machine.objects("lille", "snapshots")] if new in key]
    expect(manifests, "the manifest of a snapshot that was seen committed is nowhere any more")


@suite.test
def from_a_folder_to_a_store_and_the_root_is_that_of_the_way_back():
    machine, bucket, days = machine_with("round", "paris")
    there = migrate(machine, "paris", "lille", "--keep-source")
    machine.run("migrate", "--from", "paris", "--to", "lille", "--withdraw")
    back = migrate(machine, "lille", "paris", "--keep-source")
    expect(back["objects"] >= there["objects"], "fewer objects on the way back")
    row = migrate(machine, "lille", "paris")
    expect_equal(row["outcome"], "done", "the way back")
    machine.tenant_settings["sites"] = ["paris"]
    machine.write()
    days.expect_all()


if __name__ == "__main__":
    suite.main()
