/* The collection protocol at one site (docs/MODEL.md; docs/FORMAT.md, "Writing" and "Collection"). Checked by check.py.
 *
 * Dying and pausing need no code: a process that spin never schedules again has died, one that it schedules late has slept.
 * Every step below is one request to the store, or computes on what its process has read; a LIST visits one key at a time.
 *
 * A session writes at most one pack, one segment and one slot, so its number stands for all three keys, and sets of keys are
 * masks of session numbers. Chunks are masks too: A is 1, B is 2.
 *
 * -DNO_RULE_<n> takes away the rule that closes hole n. Each must lead to a violation of `unsafe`. Other switches set the scope:
 *   NS       sessions, 0 and 1 being those of the past          MAXG      generations
 *   W1, W2   wants of writers, REPL of a replicator             COMPACT   of a compactor (what it may copy)
 *   RELIST   the replicator lists unlisted packs again            RETRIES  new sessions a fenced writer may begin
 *   C1, C2   rounds of the collectors
 *   GOAL     a state that must be reached, instead of the invariant
 *   HOLDS1   chunks of the old, unreferenced pack               FORGETS, UNDO, DUPS, REVERSE (order of listings)
 */
#ifndef NS
#define NS 4
#endif
#ifndef MAXG
#define MAXG 2
#endif
#ifndef RETRIES
#define RETRIES 1
#endif
#ifndef HOLDS1
#define HOLDS1 2
#endif
#ifndef DUPS
#define DUPS 0
#endif
#ifndef FORGETS
#define FORGETS 0
#endif

#ifdef COMPACT
#define COMPACTORS 1
#else
#define COMPACTORS 0
#endif

#define BIT(n) (1 << (n))
#define HAS(set, n) (((set) >> (n)) & 1)
#ifdef REVERSE
#define KEY(i) (NS - 1 - (i))
#else
#define KEY(i) (i)
#endif

/* The store: which keys exist, by session; what the bodies hold. Bodies never change once their key exists. */
byte sessions, segments, commits, fences, packs;
byte gen[NS];      /* in the session's name */
byte need[NS];     /* chunks of its snapshot */
byte holds[NS];    /* chunks of its pack */
byte lists[NS];    /* packs in its segment: its own, but without rule 3 also one that lay there */
byte condemned;    /* highest condemned/<g>; these are created in order and never removed */
byte cPacks[MAXG + 1], cMarked[MAXG + 1];
byte decided, naming;  /* by generation: decided/<g> exists; it is not an undo */
byte dDoomed[MAXG + 1], dCommits[MAXG + 1], dLists[MAXG + 1];
byte merged;           /* the merged segment that decided/<g> names, listing dLists[g], still exists */
/* Ghosts, for the invariant and for the network. */
byte acknowledged, forgotten, sentPack, sentSegment, sentCommit;

/* Scratch within one step, so no part of a state. (spin's search by breadth wants no hidden variables; then it only has more states.) */
#ifdef BREADTH
byte w, x, y, z;
#else
hidden byte w, x, y, z;
#endif

#if MAXG == 1
#define HIGHEST(set) (((set) & 2) -> 1 : 0)
#elif MAXG == 2
#define HIGHEST(set) (((set) & 4) -> 2 : (((set) & 2) -> 1 : 0))
#else
#define HIGHEST(set) (((set) & 8) -> 3 : (((set) & 4) -> 2 : (((set) & 2) -> 1 : 0)))
#endif

/* Coordination.counts(_: CommitKey), with decision d. */
#ifdef NO_RULE_8
#define COMMIT_COUNTS(s, d) true
#else
#define COMMIT_COUNTS(s, d) (gen[s] >= (d) || HAS(dCommits[d], s))
#endif
/* Coordination.counts(_: SegmentKey): decisions name merged segments only, so an older session's does not count. */
#ifdef NO_RULE_5
#define SEGMENT_COUNTS(s, d) true
#else
#define SEGMENT_COUNTS(s, d) (gen[s] >= (d))
#endif

/* Coordination.countsForReuse, in a session of generation g; `seen` are the sessions with a commit that counts. */
#ifdef NO_RULE_6
#define REUSABLE(s) true
#else
#define REUSABLE(s) (!open || gen[s] >= g || HAS(seen, s))
#endif
/* Coordination.mayRelist, but for the condemned ones. Its own test of a test: without it a void pack is listed again. */
#ifdef NO_RELIST_BOUND
#define MAY_RELIST(p) true
#else
#define MAY_RELIST(p) (gen[p] >= d)
#endif
/* Coordination.marks */
#ifdef NO_RULE_2
#define MARKED(s) true
#else
#define MARKED(s) (!open || gen[s] >= g || HAS(cMarked[g], s))
#endif

/* The invariant, once: every commit that is there and counts finds each of its chunks in a pack that is there and that a counting
 * segment lists; and a commit that was acknowledged and not forgotten is there and counts. */
c_code {
\#define UNSAFE unsafe() /* a c_expr may call nothing by name */
static int unsafe(void) {
    int d = 0, s, p, found = 0, listed = 0;
    for (s = 1; s <= MAXG; s++) if (now.naming >> s & 1) d = s;
    if (d && (now.merged >> d & 1)) listed |= now.dLists[d];
    for (s = 0; s < NS; s++) {
        int counts = now.gen[s] >= d;
#ifdef NO_RULE_5
        counts = 1;
#endif
        if ((now.segments >> s & 1) && counts) listed |= now.lists[s];
    }
    for (p = 0; p < NS; p++) if (now.packs & listed & 1 << p) found |= now.holds[p];
    for (s = 0; s < NS; s++) {
        int counts = now.gen[s] >= d || (now.dCommits[d] >> s & 1), there = now.commits >> s & 1;
#ifdef NO_RULE_8
        counts = 1;
#endif
        if (there && counts && (now.need[s] & ~found)) return 1;
        if ((now.acknowledged & ~now.forgotten) >> s & 1 && !(there && counts)) return 1;
    }
    return 0;
}
}

/* With -DGOAL=<n> it is a state to be reached that is looked for instead: a model in which little happens proves little. */
#if GOAL == 1    /* a pack was deleted, and later a fenced writer's next session was acknowledged */
#define FOUND (!HAS(packs, 1) && HAS(fences, 2) && HAS(acknowledged, 3))
#elif GOAL == 2  /* a condemned pack was rescued for a writer that reused it */
#define FOUND (HAS(decided, 1) && HAS(cPacks[1], 1) && !HAS(dDoomed[1], 1) && HAS(acknowledged, 2) && holds[2] == 0)
#elif GOAL == 3  /* two generations were decided, and the first one's fence was pruned while the writer slept */
#define FOUND (HAS(decided, 2) && HAS(sentPack, 2) && !HAS(sessions | commits | fences, 2) && gen[2] == 0)
#elif GOAL == 4  /* a late copy brought a forgotten commit back, void */
#define FOUND (HAS(commits & forgotten & acknowledged, 2) && HAS(naming, 1) && !HAS(dCommits[1], 2))
#elif GOAL == 5  /* a compactor's copy replaced the old pack, and retention deleted what needed neither */
#define FOUND (!HAS(packs, 0) && HAS(packs, NS - 1) && HAS(commits, 0))
#elif GOAL == 6  /* a replicator's copy outlived the same chunk's condemned pack */
#define FOUND (HAS(acknowledged, NS - 2) && HAS(decided, 1) && holds[NS - 2] == holds[1] && !HAS(packs, 1))
#elif GOAL == 7  /* a snapshot hangs on a pack that another session stored and this one listed again */
#define FOUND (HAS(acknowledged, 3) && lists[3] == BIT(2))
#endif
#ifdef GOAL
proctype Monitor() { atomic { FOUND -> assert(false) } }
#else
proctype Monitor() { atomic { c_expr { UNSAFE } -> assert(false) } }
#endif

inline contentOf(set, result) {  /* chunks of the packs in a set; `result` is another variable */
    result = 0; x = 0;
    do :: x < NS -> if :: HAS(set, x) -> result = result | holds[x] :: else fi; x++ :: else -> break od
}

inline fence(s) {  /* create-if-absent of commits/<snapshot>.<session> as a fence or an abandon: WriterSession.abandon() */
    if :: !HAS(commits | fences, s) -> fences = fences | BIT(s) :: else fi
}

#define BACKUP 0
#define REPLICATE 1
#define COMPACTION 2

proctype Writer(byte me; byte last; byte want; byte kind) {
    byte g, d, i, seen, found, known, again;  /* again: packs of others that its segment will list too */
    bit open;
begin:
    g = condemned;  /* 1: WriterSession.begin */
    d_step { sessions = sessions | BIT(me); gen[me] = g };  /* 2: createOrConfirm(SessionRecord.key) */
#ifndef NO_RULE_1
    if  /* 3: begin: coordination.generation == seen */
    :: condemned != g -> goto fenced
    :: else
    fi;
#endif
    /* 4: SiteRepository.coordination(). The body of an open condemned/<g> cannot change, so it is not copied. */
    d_step { d = HIGHEST(naming); open = (g > 0 && (decided >> g) == 0) };
    /* 6, the list of commits: SiteRepository.commits(_:). Before 5, whose last condition needs it. */
    do
    :: i < NS -> d_step {
        z = KEY(i);
        if :: HAS(commits, z) && COMMIT_COUNTS(z, d) -> seen = seen | BIT(z) :: else fi;
        i++ }
    :: else -> break
    od;
    /* 5: WriterSession.level, Coordination.countsForReuse, isCondemned */
    i = 0;
    d_step { if :: d > 0 && HAS(merged, d) -> found = dLists[d] :: else fi };
    do
    :: i < NS -> d_step {
        z = KEY(i);
        if
        :: HAS(segments, z) && SEGMENT_COUNTS(z, d) && REUSABLE(z) -> found = found | lists[z]
        :: else
        fi;
        i++ }
    :: else -> break
    od;
    i = 0;
#ifdef RELIST
    do  /* OpenSite.unlisted, Coordination.mayRelist: packs that no counting segment lists, lest they be copied once more */
    :: kind == REPLICATE && i < NS -> d_step {
        z = KEY(i);
        if :: HAS(packs, z) && !HAS(found, z) && (!open || !HAS(cPacks[g], z)) && MAY_RELIST(z) -> again = again | BIT(z) :: else fi;
        i++ }
    :: else -> break
    od;
    i = 0;
    found = found | again;
#endif
    d_step {
#ifdef NO_RULE_9
        if :: kind == BACKUP -> found = found | 3 :: else fi;  /* the cache of long ago, neither listed nor counting */
#endif
        if :: open -> found = found & ~cPacks[g] :: else fi;
        if :: kind != COMPACTION -> contentOf(found, known); found = 0 :: else fi
    };
    if
    :: kind == COMPACTION ->  /* Compaction.run: copies what it can read, from packs that exist for it */
        d_step { y = found & packs; contentOf(y, known); known = known & want; found = 0; seen = 0 };
        if :: known == 0 -> goto fenced :: else fi;
        d_step { packs = packs | BIT(me); holds[me] = known; sentPack = sentPack | BIT(me) };
        d_step { segments = segments | BIT(me); lists[me] = BIT(me); known = 0 };
        d_step { fence(me) };
        goto done
    :: else
    fi;
    /* 6: a base is used whole if it counts and, while g is open, is marked: Coordination.marks */
    atomic {
        if
        :: kind == BACKUP && seen ->
            i = 0;
            do
            :: i < NS && HAS(seen, i) && MARKED(i) -> known = known | need[i]; break
            :: i < NS -> i++
            :: i >= NS -> break
            od
        :: true
        fi;
        known = want & ~known; seen = 0; i = 0; open = 0
    };
    /* 7: what is missing goes up, then the segment: WriterSession.store(pack:), store(segment:key:) */
    if
    :: known ->
        if :: kind == REPLICATE -> goto fenced :: true fi;  /* 404 at the source */
        d_step {
            holds[me] = known; y = me;
#ifdef NO_RULE_3
            if :: known == holds[1] -> y = 1 :: known == holds[0] && known != holds[1] -> y = 0 :: else fi;
#endif
            packs = packs | BIT(y); lists[me] = BIT(y) | again; sentPack = sentPack | BIT(me)
        };
        d_step { segments = segments | BIT(me); known = 0; sentSegment = sentSegment | BIT(me) }
    :: !known && again -> d_step { segments = segments | BIT(me); lists[me] = again; sentSegment = sentSegment | BIT(me) }
    :: else
    fi;
    d_step {  /* 8: WriterSession.commit: create of the slot */
        need[me] = want; sentCommit = sentCommit | BIT(me);
        if :: !HAS(commits | fences, me) -> commits = commits | BIT(me) :: else fi;
        y = HAS(fences, me); open = y
    };
    if :: open -> goto fenced :: else fi;
#ifndef NO_RULE_8
    d_step { d = HIGHEST(naming); open = (d > g && !HAS(dCommits[d], me)) };  /* 9: the guard at the end of commit */
    if :: open -> goto fenced :: else fi;
#endif
    /* A forgotten snapshot may be acknowledged late: nobody may count on it. */
    acknowledged = acknowledged | BIT(me);
    goto done;
fenced:
    skip;  /* 10; giving up fences oneself */
    d_step { fence(me); g = 0; d = 0; i = 0; seen = 0; found = 0; known = 0; again = 0; open = 0 };
    if :: me < last -> me++; goto begin :: else fi;
done:
    skip;
    d_step { g = 0; d = 0; i = 0; seen = 0; found = 0; known = 0; again = 0; open = 0 }
}

/* Collector.run (Sources/Maintenance/Collection). The steps are those of docs/FORMAT.md, 18; each names its function (docs/MODEL.md, "Steps and functions"). */
proctype Collector(byte rounds) {
    byte g, d, i, seen, found, there, doomed;
next:
    if :: rounds == 0 -> goto done :: else -> rounds-- fi;
    g = condemned;  /* 1: Collector.run, SiteRepository.coordination */
    d_step { d = HIGHEST(naming); i = (g > 0 && !HAS(decided, g)) };
#ifndef NO_RULE_12
    if :: i -> i = 0; goto close :: else fi;
    if :: g > 0 -> i = 1; goto erase :: else fi;
#else
    i = 0;
#endif
propose:
    if :: g >= MAXG -> goto done :: else fi;
    /* 2: commits, index/, packs/, in this order: Collector.condemn, Surveyor.survey */
    do
    :: i < NS -> d_step {
        z = KEY(i);
        if :: HAS(commits, z) && COMMIT_COUNTS(z, d) -> seen = seen | BIT(z) :: else fi; i++ }
    :: else -> break
    od;
    i = 0;
    d_step { if :: d > 0 && HAS(merged, d) -> found = dLists[d] :: else fi };
    do
    :: i < NS -> d_step {
        z = KEY(i);
        if :: HAS(segments, z) && SEGMENT_COUNTS(z, d) -> found = found | lists[z] :: else fi; i++ }
    :: else -> break
    od;
    i = 0;
    do
    :: i < NS -> d_step { z = KEY(i); if :: HAS(packs, z) -> there = there | BIT(z) :: else fi; i++ }
    :: else -> break
    od;
    atomic {
        found = found & there;
        i = 0; y = 0;
        do :: i < NS -> if :: HAS(seen, i) -> y = y | need[i] :: else fi; i++ :: else -> break od;
        i = 0;
        do  /* unreachable, in no counting segment: PackNeeds, Collector.choose */
        :: i < NS -> if :: HAS(there, i) && (!HAS(found, i) || !(holds[i] & y)) -> doomed = doomed | BIT(i) :: else fi; i++
        :: else -> break
        od;
        i = 0;
        do  /* any one that is spare: all that it holds of use lies in another that stays. PackChoices condemns fewer */
        :: i < NS -> if
            :: HAS(there, i) && !HAS(doomed, i) ->
                w = found & ~doomed & ~BIT(i); contentOf(w, z);
                if :: (y & holds[i] & ~z) == 0 -> doomed = doomed | BIT(i); break :: (y & holds[i] & ~z) == 0 :: else fi
            :: else
            fi; i++
        :: else -> break
        od;
        /* marked: every chunk in uncondemned packs of counting segments: Collector.marked */
        z = found & ~doomed; contentOf(z, y);
        i = 0;
        do :: i < NS -> if :: HAS(seen, i) && (need[i] & ~y) -> seen = seen & ~BIT(i) :: else fi; i++ :: else -> break od;
        i = 0; found = 0; there = 0; y = 0; z = 0
    };
    if :: doomed == 0 -> goto done :: else fi;
    d_step {  /* 3: create condemned/<g+1>: Collector.freeNumber, create */
#ifdef NO_RULE_12
        g = condemned;
#endif
        if
        :: condemned == g && g < MAXG -> condemned++; g++; cPacks[g] = doomed; cMarked[g] = seen; i = 1
        :: else -> i = 0
        fi;
        doomed = 0; seen = 0
    };
    if :: i -> i = 0 :: else -> g = 0; d = 0; goto next fi;
close:
#ifdef NO_RULE_10
    do
    :: i < NS -> d_step {
        z = KEY(i);
        if :: HAS(commits, z) && COMMIT_COUNTS(z, d) -> seen = seen | BIT(z) :: else fi; i++ }
    :: else -> break
    od;
    i = 0;
#endif
    do  /* 4: list sessions/; fence the older ones: Collector.close. Waiting is policy. Listing and fencing are two requests. */
    :: i < NS ->
        d_step { z = KEY(i); there = (HAS(sessions, z) && gen[z] < g) };
        if :: there -> d_step { z = KEY(i); fence(z); there = 0 } :: else fi;
        i++
    :: else -> break
    od;
    i = 0;
#ifndef NO_RULE_10
    do  /* 5: only then list commits: Collector.decide, Surveyor.survey */
    :: i < NS -> d_step {
        z = KEY(i);
        if :: HAS(commits, z) && COMMIT_COUNTS(z, d) -> seen = seen | BIT(z) :: else fi; i++ }
    :: else -> break
    od;
#endif
    i = 0;
    d_step { if :: d > 0 && HAS(merged, d) -> found = dLists[d] :: else fi };
    do  /* 5: only then list index/ */
    :: i < NS -> d_step {
        z = KEY(i);
        if :: HAS(segments, z) && SEGMENT_COUNTS(z, d) -> found = found | lists[z] :: else fi; i++ }
    :: else -> break
    od;
    i = 0;
    d_step {
        doomed = cPacks[g];
#ifndef NO_RULE_11
        /* 6: Collector.rescue, PackNeeds.rescued. Reachable chunks without a copy in a counting, uncondemned pack keep every condemned pack that has them. */
        z = 0; y = 0;
        do :: i < NS -> if :: HAS(seen, i) -> z = z | need[i] :: else fi; i++ :: else -> break od;
        i = found & ~doomed; contentOf(i, y);
        z = z & ~y; i = 0;
        do :: i < NS -> if :: HAS(doomed, i) && (holds[i] & z) -> doomed = doomed & ~BIT(i) :: else fi; i++ :: else -> break od;
#endif
        i = 0; found = found & ~doomed
    };
    d_step {  /* 7: Collector.merge, named, create. The merged segment counts from the moment that decided/<g> names it */
        if
        :: !HAS(decided, g) ->
            decided = decided | BIT(g); naming = naming | BIT(g); merged = merged | BIT(g);
            dDoomed[g] = doomed; dCommits[g] = seen; dLists[g] = found
        :: else
        fi;
#ifndef NO_RULE_4
        doomed = dDoomed[g];  /* the winner's */
#endif
        seen = 0; found = 0
    };
#ifdef NO_RULE_4
    goto removal;
#endif
erase:
    doomed = dDoomed[g];
    /* 8: Collector.sweepAll: removeSegments, then delete. An undo supersedes and dooms nothing. */
removal:
    if
    :: HAS(naming, g) ->
        do
        :: d_step { y = 0; x = 0; do :: x < NS -> if :: HAS(segments, x) && gen[x] < g -> y = BIT(x) :: else fi; x++ :: else -> break od;
            there = y; segments = segments & ~y };
            if :: there == 0 -> break :: else fi
        od;
        there = 0;
        d_step { merged = merged & ~(BIT(g) - 1) }
    :: else
    fi;
    do
    :: packs & doomed -> d_step { y = packs & doomed; y = y & -y; packs = packs & ~y }
    :: else -> break
    od;
    doomed = 0;
    /* 9: removeEnded: prune slots, then sessions, one naming decision late */
    if
    :: HAS(naming, g) ->
        d_step {
#ifdef NO_RULE_7
            found = g
#else
            y = naming & (BIT(g) - 1); found = HIGHEST(y)
#endif
        };
        do
        :: d_step { y = 0; x = 0;
            do
            :: x < NS -> if :: gen[x] < found && HAS(sessions, x) && (HAS(fences, x) || (HAS(commits, x) && !HAS(dCommits[g], x))) -> y = BIT(x) :: else fi; x++
            :: else -> break
            od;
            there = y; fences = fences & ~y; commits = commits & ~y };
            if :: there == 0 -> break :: else fi
        od;
        do
        :: d_step { y = 0; x = 0; do :: x < NS -> if :: HAS(sessions, x) && gen[x] < found -> y = BIT(x) :: else fi; x++ :: else -> break od;
            there = y; sessions = sessions & ~y };
            if :: there == 0 -> break :: else fi
        od;
        found = 0
    :: else
    fi;
    if
    :: i -> i = 0; goto propose  /* it has finished the deletes of the last decision: go on with the next generation */
    :: else -> g = 0; d = 0; goto next
    fi;
done:
    skip;
    d_step { g = 0; d = 0; i = 0; seen = 0; doomed = 0 }
}

/* Forgetting.deleteCommits deletes a commit key, never a fence. That it deletes only keys that count is not needed here: it takes any. */
proctype Retention(byte left) {
    byte s;
    do
    :: left > 0 && commits -> atomic {
        s = 0;
        do :: s < NS && HAS(commits, s) -> break :: s < NS - 1 -> s++ :: s >= NS - 1 -> break od;
        if :: HAS(commits, s) -> commits = commits & ~BIT(s); forgotten = forgotten | BIT(s); left-- :: else fi;
        s = 0 }
    :: true -> break
    od
}

/* Collector.undo: of an open generation, decided/<g> that dooms and names nothing. */
proctype Undo() {
    byte g;
    atomic { condemned > 0 -> g = condemned };
    d_step { if :: !HAS(decided, g) -> decided = decided | BIT(g) :: else fi }
}

/* A second copy of a writer's create, late in the network. */
proctype Network(byte left) {
    byte s;
    do
    :: left > 0 -> atomic {
        s = 2;
        do :: s < NS - 1 -> s++ :: true -> break od;
        if
        :: HAS(sentPack, s) && HAS(lists[s], s) -> packs = packs | BIT(s)
        :: HAS(sentSegment, s) -> segments = segments | BIT(s)
        :: HAS(sentCommit, s) && !HAS(commits | fences, s) -> commits = commits | BIT(s)
        :: else
        fi;
        s = 0; left-- }
    :: true -> break
    od
}

init {
    atomic {
        /* S0 needs A, in P0; P1 is old, listed, and nobody's: B in most scopes, a second A in others. */
        packs = 3; segments = 3; commits = 1; acknowledged = 1; fences = 2;
        holds[0] = 1; holds[1] = HOLDS1; need[0] = 1; lists[0] = 1; lists[1] = 2;
        x = 2;
#ifdef W1
        run Writer(2, 2 + RETRIES, W1, BACKUP);
#endif
#ifdef W2
        run Writer(3 + RETRIES, 3 + 2 * RETRIES, W2, BACKUP);
#endif
#ifdef REPL
        run Writer(NS - 1 - RETRIES - COMPACTORS, NS - 1 - COMPACTORS, REPL, REPLICATE);
#endif
#ifdef COMPACT
        run Writer(NS - 1, NS - 1, COMPACT, COMPACTION);
#endif
#ifdef C1
        run Collector(C1);
#endif
#ifdef C2
        run Collector(C2);
#endif
#if FORGETS
        run Retention(FORGETS);
#endif
#ifdef UNDO
        run Undo();
#endif
#if DUPS
        run Network(DUPS);
#endif
        run Monitor()
    }
}
